"""Part `matching` of the benchmarks: this project's engine, compared with other ways to match stored queries.

Each contender runs in its own child process. Before the first round, all contenders receive the same distinct queries.
In each round, every contender in turn receives the tokens of the same new papers. The pairs of queries and papers that
the contenders find are compared.
"""
