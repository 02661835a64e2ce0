"""The `starmeter billing` commands of accounting, a module for each noun."""
