"""Live chat under load: what a waiting visitor costs, how soon a message is on the other side, and that none is lost.

Visitors and agents are raw connections of this one process to two web processes and a worker, as `make run` has them.
First in peace; then a web process is killed every few seconds, Redis is emptied, and a proxy before some of the
visitors cuts lines at random. A ledger of what each side said and got to read is compared at the end.
"""

# ruff: noqa: S311 - chance, and no secrets

import asyncio
import contextlib
import json
import os
import random
import resource
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import redis
from django.conf import settings
from django.db import close_old_connections

from helpdesk import clock, probe
from helpdesk.models import Agent, Role
from helpdesk.supervisor import Program
from reports.bench import floors, web
from reports.bench.pages import sign_in
from reports.bench.timing import Effort, Figure, say, tell
from tickets.channels.chat import tokens
from tickets.models import (
    ChannelAccount,
    ChannelMessage,
    ContactPoint,
    Conversation,
    Customer,
    Inbox,
    Message,
    MessageKind,
    Ticket,
    Visitor,
    VisitorToken,
)
from tickets.operations import replying

SITE = "https://shop.example"
#: messages a second, each way
RATE = 5.0
#: of the visitors so many stand behind the proxy that cuts
BEHIND_PROXY = 0.2
PATIENCE = 30.0


# ---------------------------------------------------------------------- who is there


@dataclass
class Guest:
    """A visitor: their token and ticket, how far their browser has got, and what it has."""

    token: str
    ticket: int
    after: int
    read: Counter[str] = field(default_factory=Counter)
    said: list[str] = field(default_factory=list)
    is_cut: bool = False
    pulling: bool = False
    again: bool = False


def _invite(visitors: int, agents: list[Agent]) -> tuple[ChannelAccount, list[Guest]]:
    """An inbox, and so many visitors who have each said hello to an agent of theirs."""
    inbox = Inbox.objects.create(name="Bench chat", channel="chat")
    account = ChannelAccount.objects.create(inbox=inbox, kind="chat", config={"allowed_origins": [SITE]})
    given = [tokens.mint(account.key) for _ in range(visitors)]
    digests = [tokens.digest(account.key, token) for token in given]
    people = Customer.objects.bulk_create(Customer(name=f"Visitor {n}") for n in range(visitors))
    points = ContactPoint.objects.bulk_create(
        ContactPoint(customer=one, channel="chat", address=f"visitor:{digest[:32]}")
        for one, digest in zip(people, digests, strict=True)
    )
    tickets = Ticket.objects.bulk_create(
        Ticket(
            inbox=inbox, customer=one, channel="chat", subject="Hello", waiting_since=clock.now(),
            assignee=agents[number % len(agents)],
        )
        for number, one in enumerate(people)
    )  # fmt: skip
    talks = Conversation.objects.bulk_create(
        Conversation(inbox=inbox, thread=point.address, point=point, ticket=ticket, heard_at=clock.now())
        for point, ticket in zip(points, tickets, strict=True)
    )
    said = Message.objects.bulk_create(
        Message(ticket=ticket, kind=MessageKind.INCOMING, channel="chat", sender=point, text="Hello")
        for ticket, point in zip(tickets, points, strict=True)
    )
    rows = ChannelMessage.objects.bulk_create(
        ChannelMessage(inbox=inbox, identifier=f"hello {n}", conversation=talk, message=message)
        for n, (talk, message) in enumerate(zip(talks, said, strict=True))
    )
    known = Visitor.objects.bulk_create(
        Visitor(inbox=inbox, thread=talk.thread, talk=talk, got_to=row.pk)
        for talk, row in zip(talks, rows, strict=True)
    )
    VisitorToken.objects.bulk_create(
        VisitorToken(digest=digest, visitor=one) for digest, one in zip(digests, known, strict=True)
    )
    guests = [Guest(token, ticket.pk, row.pk) for token, ticket, row in zip(given, tickets, rows, strict=True)]
    return account, guests


class House:
    """Two web processes whose ports outlive them, and a worker."""

    def __init__(self, folder: Path) -> None:
        self.log = (folder / "chat.log").open("ab")
        self.sockets = [socket.create_server(("127.0.0.1", 0), backlog=2048) for _ in range(web.PROCESSES)]
        for one in self.sockets:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one.set_inheritable(True)
        self.ports = [one.getsockname()[1] for one in self.sockets]
        self.webs = [self._web(number) for number in range(web.PROCESSES)]
        self.worker = Program(
            "worker",
            [
                sys.executable, "-m", "celery", "--quiet", "-A", "helpdesk", "worker",
                "--queues", "intake,delivery,default", "--pool", "prefork", "--concurrency", "2",
                "--hostname", f"{settings.INSTANCE}@%h", "--without-gossip", "--without-mingle", "--loglevel", "ERROR",
            ],
            env=dict(os.environ), cwd=Path(__file__).resolve().parent.parent.parent, stop_signal=signal.SIGTERM,
        ).spawn(self.log)  # fmt: skip

    def _web(self, number: int) -> "subprocess.Popen[bytes]":
        return web._uvicorn(f"web{number + 1}", self.sockets[number].fileno()).spawn(self.log)

    def wait(self) -> None:
        until = time.monotonic() + 60
        for port in self.ports:
            while not probe.http_answers(f"http://127.0.0.1:{port}/readyz"):
                if time.monotonic() > until:
                    raise RuntimeError("A web process did not start.")
                time.sleep(0.1)

    def kill_one(self, number: int) -> None:
        """kill -9, and another in its place: whoever calls meanwhile waits at the door."""
        self.webs[number].kill()
        self.webs[number].wait()
        self.webs[number] = self._web(number)

    def memory(self) -> int:
        """Bytes the web processes have for themselves, together."""
        found = 0
        for process in self.webs:
            for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
                if line.startswith(("Private_Clean:", "Private_Dirty:")):
                    found += int(line.split()[1]) * 1024
        return found

    def processor(self) -> float:
        """Seconds the web processes have worked, together."""
        stats = [Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split() for process in self.webs]
        ticks = [one[11:13] for one in stats]
        return sum(int(one) for both in ticks for one in both) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        for process in (*self.webs, self.worker):
            process.terminate()
        for process in (*self.webs, self.worker):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        for one in self.sockets:
            one.close()
        self.log.close()


# ---------------------------------------------------------------------- how they speak


async def _ask(port: int, path: str, said: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """One request of a browser, on a connection of its own. Raises OSError where it was cut."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(_request(path, said))
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(), PATIENCE)
    except (TimeoutError, asyncio.IncompleteReadError) as error:
        raise OSError("cut off") from error
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 "):
        raise OSError("cut off")
    lines = head.lower().split(b"\r\n")
    length = next((int(one.split(b":")[1]) for one in lines if one.startswith(b"content-length")), 0)
    if len(body) < length:
        raise OSError("cut off")
    return int(head[9:12]), json.loads(body) if body.startswith(b"{") else {}


def _request(path: str, said: dict[str, Any]) -> bytes:
    body = json.dumps(said).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nOrigin: {SITE}\r\nConnection: close\r\n"
    return f"{head}Content-Type: text/plain\r\n".encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _events(port: int, request: bytes) -> AsyncIterator[tuple[str, str]]:
    """The events of a stream, as (name, data), until it is cut."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    try:
        writer.write(request)
        await writer.drain()
        if b" 200 " not in await asyncio.wait_for(reader.readline(), PATIENCE):
            raise OSError("refused")
        name = ""
        while line := await asyncio.wait_for(reader.readline(), PATIENCE * 2):
            text = line.decode().strip()
            if text.startswith("event: "):
                name = text[7:]
            elif text.startswith("data: "):
                yield name, text[6:]
    except TimeoutError as error:
        raise OSError("silent") from error
    finally:
        writer.close()


class Load:
    """Everybody at once, on one event loop."""

    def __init__(self, house: House, account: ChannelAccount, guests: list[Guest], agents: list[Agent]) -> None:
        self.house, self.account, self.guests, self.agents = house, account, guests, agents
        self.by_ticket = {guest.ticket: guest for guest in guests}
        self.connected = 0
        self.cuts = 0
        self.cookies = [sign_in(agent) for agent in agents]
        #: what is on its way: the answer's words or the ticket -> when it began
        self.answers: dict[str, float] = {}
        self.questions: dict[int, float] = {}
        self.to_visitor: list[float] = []
        self.to_agent: list[float] = []
        self.replied: list[tuple[int, str]] = []
        self.pool = ThreadPoolExecutor(4)
        self.proxy_port = 0
        self.tasks: list[asyncio.Task[Any]] = []
        self.is_over = False

    def port(self, guest: Guest | None = None) -> int:
        if guest is not None and guest.is_cut and self.proxy_port:
            return self.proxy_port
        return random.choice(self.house.ports)

    async def connect(self) -> None:
        """Visitors come some dozens at a time."""
        for number, guest in enumerate(self.guests):
            self.tasks.append(asyncio.create_task(self._visit(guest)))
            if number % 50 == 49:
                await asyncio.sleep(0.25)
        for number in range(len(self.agents)):
            self.tasks.append(asyncio.create_task(self._watch(number)))
        until = time.monotonic() + 180
        while self.connected < len(self.guests) + len(self.agents):
            if time.monotonic() > until:
                raise RuntimeError(f"Only {self.connected} connected.")
            await asyncio.sleep(0.1)

    async def _visit(self, guest: Guest) -> None:
        path, pause = f"/chat/{self.account.key}/live", 0.5
        while not self.is_over:
            is_in = False
            try:
                request = _request(path, {"token": guest.token, "after": guest.after})
                async for name, _data in _events(self.port(guest), request):
                    if not is_in:
                        is_in, pause = True, 0.5
                        self.connected += 1
                    if name == "message":
                        await self.pull(guest)
            except OSError:
                pass
            self.connected -= is_in
            if not self.is_over:
                self.cuts += 1
                await asyncio.sleep(pause * random.uniform(0.5, 1))
                pause = min(pause * 2, 8)

    async def pull(self, guest: Guest) -> None:
        """As the widget does it: what is after the last, once at a time, and again where that was cut."""
        guest.again = True
        if guest.pulling:
            return
        guest.pulling = True
        try:
            while guest.again:
                guest.again = False
                _status, found = await _ask(
                    self.port(guest), f"/chat/{self.account.key}/messages", {"token": guest.token, "after": guest.after}
                )
                for one in found.get("messages", []):
                    guest.read[one["text"]] += 1
                    guest.after = max(guest.after, one["seq"])
                    if began := self.answers.pop(one["text"], None):
                        self.to_visitor.append(time.perf_counter() - began)
        except OSError:
            guest.again = False
        finally:
            guest.pulling = False

    async def _watch(self, number: int) -> None:
        head = f"GET /live/ HTTP/1.1\r\nHost: localhost\r\nCookie: {self.cookies[number]}\r\n\r\n".encode()
        while not self.is_over:
            is_in = False
            try:
                async for name, data in _events(self.port(), head):
                    if not is_in:
                        is_in = True
                        self.connected += 1
                    if name == "change" and number == 0:
                        self._notice(json.loads(data))
            except OSError:
                pass
            self.connected -= is_in
            await asyncio.sleep(0.5)

    def _notice(self, changes: list[dict[str, Any]]) -> None:
        for one in changes:
            if one["verb"] == "message.received" and (began := self.questions.pop(one["ticket"], None)):
                self.to_agent.append(time.perf_counter() - began)

    # --- what they say

    async def say(self, guest: Guest, text: str) -> None:
        """A visitor's message, sent until it is answered for."""
        name, pause = secrets.token_hex(12), 0.5
        guest.said.append(text)
        self.questions[guest.ticket] = time.perf_counter()
        while True:
            try:
                status, _found = await _ask(
                    self.port(guest), f"/chat/{self.account.key}/send",
                    {"token": guest.token, "id": name, "text": text},
                )  # fmt: skip
                if status == 200:
                    return
            except OSError:
                pass
            self.questions.pop(guest.ticket, None)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 4)

    async def reply(self, guest: Guest, text: str) -> None:
        """An agent's answer; the click is the call of the operation the page calls."""
        agent = self.agents[self.guests.index(guest) % len(self.agents)]
        self.answers[text] = time.perf_counter()
        self.replied.append((guest.ticket, text))
        await asyncio.get_running_loop().run_in_executor(self.pool, _reply, guest.ticket, text, agent)

    async def talk(self, seconds: float, sign: str) -> int:
        """So many messages a second each way for a while; gives how many in all."""
        waiting: list[asyncio.Task[None]] = []
        began, count = time.perf_counter(), 0
        busy = random.sample(self.guests, min(len(self.guests), int(RATE * seconds) + 1))
        while (at := time.perf_counter() - began) < seconds:
            while count < at * RATE:
                guest = busy[count % len(busy)]
                waiting.append(asyncio.create_task(self.say(guest, f"{sign} question {count}")))
                waiting.append(asyncio.create_task(self.reply(busy[-1 - count % len(busy)], f"{sign} answer {count}")))
                count += 1
            await asyncio.sleep(0.01)
        await asyncio.gather(*waiting)
        return 2 * count

    async def settle(self, seconds: float = 40) -> None:
        """Until every answer was read, or nobody waits any longer."""
        until = time.monotonic() + seconds
        while self.answers and time.monotonic() < until:
            await asyncio.sleep(0.2)

    async def trouble(self, seconds: float) -> None:
        """A web process dies every few seconds, Redis forgets everything twice, the proxy cuts what it holds."""
        server = await asyncio.start_server(self._proxy, "127.0.0.1", 0)
        self.proxy_port = server.sockets[0].getsockname()[1]
        for guest in random.sample(self.guests, int(len(self.guests) * BEHIND_PROXY)):
            guest.is_cut = True
        loop, began, number = asyncio.get_running_loop(), time.monotonic(), 0
        while time.monotonic() - began < seconds:
            await asyncio.sleep(min(6.0, seconds / 3))
            await loop.run_in_executor(None, self.house.kill_one, number % web.PROCESSES)
            await loop.run_in_executor(None, _forget_all)
            number += 1
        say(f"    {number} web processes killed, Redis emptied {number} times, {self.cuts} lines cut")
        for guest in self.guests:
            guest.is_cut = False
        server.close()

    async def _proxy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.CancelledError, TimeoutError):
            there, back = await asyncio.open_connection("127.0.0.1", random.choice(self.house.ports))

            async def pass_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
                while part := await source.read(4096):
                    sink.write(part)
                    await sink.drain()

            both = asyncio.gather(pass_on(reader, back), pass_on(there, writer))
            try:
                await asyncio.wait_for(both, random.expovariate(1 / 3))
            finally:
                for one in (writer, back):
                    one.transport.abort()

    async def leave(self) -> None:
        self.is_over = True
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.pool.shutdown()


def _reply(ticket: int, text: str, agent: Agent) -> None:
    close_old_connections()
    for _try in range(5):
        try:
            replying.reply(Ticket.objects.get(pk=ticket), text=text, actor=agent)
            return
        except (redis.RedisError, OSError):
            time.sleep(0.2)


def _forget_all() -> None:
    """Empty Redis of all that is ours."""
    with contextlib.suppress(redis.RedisError, OSError):
        client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=5)
        for key in client.scan_iter(match=f"*{settings.INSTANCE}*", count=1000):
            client.delete(key)


# ---------------------------------------------------------------------- the figures


def measure(size: str, effort: Effort, folder: Path, visitors: int, agents: int) -> None:
    """Cost of waiting, time to the other side in peace, and the ledger through trouble."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(4 * visitors, 4096)), hard))
    people = [
        Agent.objects.create(email=f"chat{n}@bench.localhost", name=f"Agent {n}", role=Role.ADMIN)
        for n in range(agents)
    ]
    account, guests = _invite(visitors, people)
    house = House(folder)
    try:
        house.wait()
        asyncio.run(_run(size, effort, house, Load(house, account, guests, people)))
    finally:
        house.close()


async def _run(size: str, effort: Effort, house: House, load: Load) -> None:
    seconds = max(effort.seconds, 5.0)
    for port in house.ports * 20:  # warm
        await _ask(port, f"/chat/{load.account.key}/messages", {"token": load.guests[0].token, "after": 0})
    loop, before = asyncio.get_running_loop(), house.memory()
    began = time.monotonic()
    await load.connect()
    took = time.monotonic() - began
    each = (house.memory() - before) / (len(load.guests) + len(load.agents)) / 1e6
    say(
        f"  {len(load.guests)} visitors and {len(load.agents)} agents connected in {took:.0f} s: "
        f"{each:.3f} MB for each connection"
    )
    await load.talk(2, "warm")
    await load.settle()
    load.to_visitor.clear()
    load.to_agent.clear()
    floor = await loop.run_in_executor(None, _floor)
    worked = house.processor()
    count = await load.talk(seconds, "peace")
    await load.settle()
    worked = (house.processor() - worked) / count * 1000
    more = {
        "visitors": len(load.guests), "agents": len(load.agents), "mb_each": round(each, 4), "cpu_ms": round(worked, 1),
    }  # fmt: skip
    for part, found in (("to_agent", load.to_agent), ("to_visitor", load.to_visitor)):
        p95 = quantiles(found, n=20)[18] * 1000 if len(found) > 20 else 0.0
        words = f"chat, {part.replace('_', ' ')}, p95 of {len(found)}"
        tell(Figure("chat", size, "median_ms", p95, floor * 1000, words, {"part": part, **more}))
        say(f"    p50 {median(found) * 1000 if found else 0:.1f} ms")
    trouble = asyncio.create_task(load.trouble(seconds * 2))
    count += await load.talk(seconds * 2, "trouble")
    await trouble
    await loop.run_in_executor(None, house.wait)
    await load.settle()
    for guest in load.guests:
        if guest.said or any(ticket == guest.ticket for ticket, _text in load.replied):
            await load.pull(guest)
    await load.leave()
    await loop.run_in_executor(None, _settle_accounts, load, count)


def _settle_accounts(load: Load, count: int) -> None:
    """Every message of either side is in the books once, and was read once by its visitor's browser."""
    lost = doubled = 0
    for guest in load.guests:
        for text in guest.said:
            kept = Message.objects.filter(ticket=guest.ticket, text=text).count()
            lost, doubled = lost + (kept == 0), doubled + (kept > 1)
            lost, doubled = lost + (guest.read[text] == 0), doubled + (guest.read[text] > 1)
    for ticket, text in load.replied:
        read = load.by_ticket[ticket].read[text]
        lost, doubled = lost + (read == 0), doubled + (read > 1)
    say(f"  ledger of {count} messages, there and back: {lost} lost, {doubled} doubled")
    say(f"BENCH {json.dumps({'what': 'chat', 'part': 'ledger', 'messages': count, 'lost': lost, 'doubled': doubled})}")


def _floor() -> float:
    """A durable commit and a word through Redis to who waits for it: the median of some."""
    client = redis.Redis.from_url(settings.REDIS_URL)
    heard = client.pubsub()
    heard.subscribe("bench floor")
    heard.get_message(timeout=5)
    taken = []
    with floors.session(autocommit=False) as bare:
        for _turn in range(50):
            began = time.perf_counter()
            bare.execute("UPDATE tickets_inbox SET name = name WHERE id = (SELECT min(id) FROM tickets_inbox)")
            bare.commit()
            client.publish("bench floor", "1")
            heard.get_message(timeout=5)
            taken.append(time.perf_counter() - began)
    return median(taken)
