"""What runs inside the sandbox for the index: plain Python, any version from 3.6 on."""
