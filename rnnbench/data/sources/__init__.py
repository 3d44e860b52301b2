"""Where rows come from: files of the user's own, the hub, packages, and the formats that these have."""
