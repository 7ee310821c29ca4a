"""VICI by hand, apart from the product: what a daemon of strongSwan says of its SAs.

    vici.py SOCKET up              names of the children with an installed SA: CONNECTION/CHILD (state), one a line
    vici.py SOCKET all             names and states of all IKE SAs
    vici.py SOCKET size            bytes of the answers that save writes
    vici.py SOCKET save DIR        the answers of list-conns, list-sas, list-policies and stats, packet by packet, raw
    vici.py SOCKET watch EVENT...  these events as they come: the time, the event, up or not, CONNECTION/CHILD; until TERM
    vici.py SOCKET sum             every 20 ms the counters of each child SA; at TERM the sums by child, as JSON
    vici.py SOCKET record FILE     packets of child-updown, child-rekey, ike-updown and ike-rekey as they come; until TERM
"""
import json, signal, socket, struct, sys, time

CARRIES = {"INSTALLED", "REKEYING", "UPDATING"}


class Ended(Exception):
    pass


def ended(*_):
    raise Ended


class Vici:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(5)
        self.socket.connect(path)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise EOFError("the daemon closed")
            data += more
        return data

    def packet(self):
        return self.exactly(struct.unpack(">I", self.exactly(4))[0])

    def send(self, kind, name, arguments=()):
        body = bytes([kind, len(name)]) + name.encode()
        for key, value in arguments:
            body += bytes([3, len(key)]) + key.encode() + struct.pack(">H", len(value)) + value.encode()
        self.socket.sendall(struct.pack(">I", len(body)) + body)

    def register(self, event):
        self.send(3, event)
        while True:
            packet = self.packet()
            if packet[0] in (5, 6):
                return packet[0] == 5

    def raw(self, command, event, arguments=()):
        """All packets up to the answer."""
        if event:
            self.register(event)
        self.send(0, command, arguments)
        packets = []
        while not packets or packets[-1][0] == 7:
            packets.append(self.packet())
        return packets

    def ask(self, command, event, arguments=()):
        return [tree(p[2 + p[1]:]) for p in self.raw(command, event, arguments) if p[0] == 7]


def tree(data):
    """A message as nested dictionaries."""
    root, at = {}, 0
    stack, items = [root], None

    def named():
        nonlocal at
        length = data[at]
        name = data[at + 1:at + 1 + length].decode()
        at += 1 + length
        return name

    def value():
        nonlocal at
        (length,) = struct.unpack_from(">H", data, at)
        text = data[at + 2:at + 2 + length].decode()
        at += 2 + length
        return text

    while at < len(data):
        kind = data[at]
        at += 1
        if kind == 1:
            inner = stack[-1][named()] = {}
            stack.append(inner)
        elif kind == 2:
            stack.pop()
        elif kind == 3:
            name = named()
            stack[-1][name] = value()
        elif kind == 4:
            items = stack[-1][named()] = []
        elif kind == 5:
            items.append(value())
    return root


def children(messages):
    """Connection, IKE SA and child SA of each child SA."""
    for message in messages:
        for connection, ike in message.items():
            for child in ike["child-sas"].values():
                yield connection, ike, child


def up(vici):
    for connection, ike, child in children(vici.ask("list-sas", "list-sa")):
        if child["state"] in CARRIES and ike["state"] not in ("DELETING", "DESTROYING"):
            print(f"{connection}/{child['name']} {child['state']}")


def every(vici):
    for message in vici.ask("list-sas", "list-sa"):
        for connection, ike in message.items():
            print(connection, ike["state"])


def watch(vici, events):
    for event in events:
        vici.register(event)
    vici.socket.settimeout(None)
    print("ready", flush=True)
    while True:
        packet = vici.packet()
        event, message = packet[2:2 + packet[1]].decode(), tree(packet[2 + packet[1]:])
        state = "up" if message.pop("up", None) == "yes" else "down"
        for connection, ike in message.items():
            names = [child.get("name", name) for name, child in ike.get("child-sas", {}).items()] or [""]
            for name in names:
                print(f"{time.time():.3f} {event} {state} {connection}/{name}", flush=True)


def total(vici):
    seen = {}
    vici.register("list-sa")
    print("ready", flush=True)
    try:
        while True:
            vici.send(0, "list-sas")
            messages = []
            while (packet := vici.packet())[0] == 7:
                messages.append(tree(packet[2 + packet[1]:]))
            for connection, _, child in children(messages):
                if "bytes-in" in child:
                    key = f"{connection}/{child['name']}", child["uniqueid"], child["spi-in"]
                    seen[key] = {k: int(child[k]) for k in ("bytes-in", "bytes-out", "packets-in", "packets-out")}
            time.sleep(0.02)
    except Ended:
        sums = {}
        for (name, *_), counters in seen.items():
            one = sums.setdefault(name, dict.fromkeys(counters, 0) | {"sas": 0})
            one["sas"] += 1
            for key, number in counters.items():
                one[key] += number
        print(json.dumps(sums), flush=True)


STREAMS = {"list-conns": ("list-conn", ()), "list-sas": ("list-sa", (("noblock", "yes"),)), "stats": (None, ()),
           "list-policies": ("list-policy", (("trap", "yes"),))}


def answers(vici):
    for command, (event, arguments) in STREAMS.items():
        packets = vici.raw(command, event, arguments)
        yield command, b"".join(struct.pack(">I", len(packet)) + packet for packet in packets)


def save(vici, folder):
    for command, answer in answers(vici):
        with open(f"{folder}/{command}.bin", "wb") as file:
            file.write(answer)


def size(vici):
    print(sum(len(answer) for _, answer in answers(vici)))


def record(vici, path):
    for event in ("ike-updown", "ike-rekey", "child-updown", "child-rekey"):
        vici.register(event)
    vici.socket.settimeout(None)
    print("ready", flush=True)
    with open(path, "wb", buffering=0) as file:
        while True:
            packet = vici.packet()
            file.write(struct.pack(">I", len(packet)) + packet)


signal.signal(signal.SIGTERM, ended)
path, verb, *rest = sys.argv[1:]
daemon = Vici(path)
try:
    {"up": up, "all": every, "size": size, "watch": lambda v: watch(v, rest), "sum": total, "save": lambda v: save(v, *rest),
     "record": lambda v: record(v, *rest)}[verb](daemon)
except Ended:
    pass
