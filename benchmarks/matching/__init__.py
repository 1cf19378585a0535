"""Part `matching` of the benchmarks: this project's engine, compared with other ways to match stored queries.

Each contender runs in its own child process. It receives the same distinct queries once. In each round, every contender
in turn receives the tokens of the same new papers, and the pairs of queries and papers that they find are compared.
"""
