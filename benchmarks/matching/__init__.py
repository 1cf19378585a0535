"""Part `matching`: this project's engine beside what others would use for stored queries.

Every contender is a child process of its own that is told of the same distinct queries once. Round by round they get
the tokens of papers that they have not seen before, one contender after the other, and their pairs are compared.
"""
