"""A page's tree, as its parser writes it out in HTML: the lines of its text, and the elements that they stand in."""
