"""The threads of the web server: many pages at once are made by few of them."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Lock, Thread

import httpx
import uvicorn
from fastapi import FastAPI

from notifier.service.connections import PAGE_THREADS, QueueingServer

REQUESTS = 3 * PAGE_THREADS


def test_more_requests_than_threads_are_all_answered_a_few_at_a_time() -> None:
    pages, lock = FastAPI(), Lock()
    at_once: list[int] = [0]

    @pages.get("/")
    def page() -> str:
        with lock:
            at_once.append(at_once[-1] + 1)
        time.sleep(0.05)
        with lock:
            at_once.append(at_once[-1] - 1)
        return "a page"

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = QueueingServer(uvicorn.Config(pages, log_config=None, lifespan="off"))
        thread = Thread(target=server.run, args=([listener],))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        while not server.started:
            time.sleep(0.01)
        with ThreadPoolExecutor(REQUESTS) as clients:
            answers = list(clients.map(httpx.get, [url] * REQUESTS))
        server.should_exit = True
        thread.join()
    assert [answer.status_code for answer in answers] == [200] * REQUESTS
    assert max(at_once) <= PAGE_THREADS
