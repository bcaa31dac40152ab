"""The batches of a client of the crash tests, each with an Idempotency-Key: a new folder, files in it, and one that goes. What was
cut off is sent again after the crash: each operation is done once, and of one at most it is not known."""

import hashlib
import json
import random

from session import quote, wait_for

UNKNOWN = 500  # outcome-known


class Refused(Exception):
    """The server says that it has failed; what is there must be looked at."""


def text(generator):
    """As crash_client.content(), of characters."""
    body = random.Random(generator.random()).randbytes(generator.choice((0, 50, 2000))).hex()
    return f"davit-crash {len(body)} {hashlib.sha256(body.encode()).hexdigest()}\n{body}"


def statuses(response):
    return [operation["status"] for operation in json.loads(response.body)["operations"]]


class Batches:
    def __init__(self, client):
        self.client = client
        self.count = self.repeated = self.unknown = 0

    def make(self, after):
        """Operations, what each is about, and what it comes to."""
        client = self.client
        folder = client.new_name()
        operations, paths, expected = [{"method": "MKCOL", "href": quote(folder)}], [folder], [201]
        after[folder] = type(client.tree[client.home])(None)
        for _ in range(client.random.randrange(1, 6)):
            path, content = client.new_name(folder), text(client.random)
            after[path] = type(after[folder])(hashlib.sha256(content.encode()).hexdigest())
            operations.append({"method": "PUT", "href": quote(path), "body": content})
            paths.append(path)
            expected.append(201)
        victim = client.pick(True)
        if victim:
            del after[victim]
            client.going = {victim: client.tree[victim].digest}
            operations.append({"method": "DELETE", "href": quote(victim)})
            paths.append(victim)
            expected.append(204)
        for number, operation in enumerate(operations):
            operation["id"] = str(number)
        return operations, paths, expected

    def step(self):
        client = self.client
        after = client.after()
        self.count += 1
        operations, paths, expected = self.make(after)
        fields = client.fields(Content_Type="application/vnd.davit.batch+json", Accept="application/json",
                               Idempotency_Key=f'"{client.home} {self.count}"')
        client.begin(f"a batch of {paths}", after, False)
        client.pending.batch = fields, json.dumps({"operations": operations}).encode(), paths, expected
        response = client.session.request("POST", client.home + "/", fields, client.pending.batch[1])
        if client.may_fail and response.status == 207:
            if statuses(response) != expected:
                raise Refused(response)
        assert response.status != 207 or client.is_too_late() or statuses(response) == expected, response.body
        client.end(response, 207)
        client.note_gone({})

    def check(self, pending):
        """Sends again what was under way; complains of what was done twice, or was not and is told as done."""
        client = self.client
        fields, body, paths, expected = pending.batch
        answers = []

        def is_over():
            answers.append(client.session.request("POST", client.home + "/", fields, body))
            return answers[-1].status != 409

        wait_for(is_over, "the batch before the crash")
        told = statuses(answers[-1])
        before, client.tree = client.tree, client.look(client.server)
        client.deleted.update(before[path].digest for path in paths if path in before and path not in client.tree)
        self.repeated += 1
        self.unknown += told.count(UNKNOWN)
        complaints = []
        if told.count(UNKNOWN) > 1:
            complaints.append(f"{told.count(UNKNOWN)} operations are not known")
        for path, status, right in zip(paths, told, expected, strict=True):
            allowed = [pending.after.get(path)] + ([before.get(path)] if status == UNKNOWN else [])
            follows = told[0] == UNKNOWN and status == 409  # the folder may not be there
            if not follows and (status not in (right, UNKNOWN) or client.tree.get(path) not in allowed):
                complaints.append(f"{path}: {status}, and {client.tree.get(path)}; sent again: {pending.what}")
        return complaints
