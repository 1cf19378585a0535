"""Let each process of the tests compute in one thread. The runs of pytest already use all processors.

The threads of OpenBLAS wait for each other by running in circles, which costs more than they save with matrices as
small as those of the tests. Import this module before numpy. Processes that the tests start inherit the variable.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
