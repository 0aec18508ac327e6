"""Transfers a file with requests, as in DingTalk's documentation: transfer.py download|upload URL FILE."""

import os
import sys

import requests

job, url, path = sys.argv[1:]
verify = os.environ.get("BENCH_ROOT", True)
if job == "download":
    with requests.get(url, stream=True, verify=verify) as answer, open(path, "wb") as out:
        answer.raise_for_status()
        for chunk in answer.iter_content(64 * 1024):
            out.write(chunk)
else:
    with open(path, "rb") as source:
        requests.put(url, data=source, verify=verify).raise_for_status()
