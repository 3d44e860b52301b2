"""Trained runs behind an address: a JSON API, and a page to try them on.

served.py     a run: what a request may ask of it, and its answer
waiting.py    requests that wait are answered together, by one thread
server.py     HTTP: sizes, times, numbers of requests, and a stop that loses none
openapi.py    the description of the API
pages/        the page of the demo, and the page of the API
"""
