"""Calls the API with the official SDK: sdk.py BASE COUNT. $BENCH_ROOT is the path of the root certificate to trust."""

import os
import sys

if "BENCH_ROOT" in os.environ:
    os.environ["REQUESTS_CA_BUNDLE"] = os.environ["SSL_CERT_FILE"] = os.environ["BENCH_ROOT"]

from alibabacloud_dingtalk.storage_1_0 import models
from alibabacloud_dingtalk.storage_1_0.client import Client
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_util.models import RuntimeOptions

base, count = sys.argv[1], int(sys.argv[2])
scheme, endpoint = base.split("://")
client = Client(Config(protocol=scheme, endpoint=endpoint, region_id="central"))
headers = models.GetFileDownloadInfoHeaders(x_acs_dingtalk_access_token="token")
for _ in range(count):
    request = models.GetFileDownloadInfoRequest(union_id="u")
    options = RuntimeOptions(ca=os.environ.get("BENCH_ROOT"))
    answer = client.get_file_download_info_with_options("s", "d", request, headers, options)
    assert answer.body.header_signature_info.resource_urls
