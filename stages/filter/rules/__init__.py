"""The rules of the filter, one a file: a file that defines a `Rule` here is all that a rule takes."""
