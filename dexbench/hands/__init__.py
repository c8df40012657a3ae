"""What a hand can do, measured: workspace, force, opposition, Kapandji score, Feix grasps, and a page that shows it."""
