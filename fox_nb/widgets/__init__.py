"""What people press and see in a notebook: controls, panels, the studio, the compare viewer."""
