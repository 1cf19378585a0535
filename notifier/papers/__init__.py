"""What a paper is: known by what, merged of which listings, ranked how. Pure."""
