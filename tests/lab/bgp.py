"""What FRR and BIRD say of their peers through their own programs, held against what the program printed.

bgp.py probe frr:DIR|bird:SOCKET...            the samples there should be, as JSON
bgp.py look ONCE WORDS frr:DIR|bird:SOCKET...  whether the samples of `once --format json` are those; prints them
bgp.py sample ONCE METRIC [PEER]               one value, "absent", or "ambiguous"
bgp.py first PORT SAMPLE VALUE SECONDS         waits until /metrics shows this value; prints the wall clock
bgp.py cost frr:DIR|bird:SOCKET PID...         what a pass costs each daemon
bgp.py many bird|frr COUNT                     the configuration of many peers

Of FRR the long list of neighbours is read, of BIRD the short list of protocols and each one's route count: neither
is what the program reads. EXPECT, in the environment, names peers that should be there.
"""
import json, os, re, socket, subprocess, sys, time, urllib.request


def run(*command, check=True):
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=check).stdout


def vtysh(directory, command):
    return run("vtysh", "--vty_socket", directory, "-c", command)


def frr(directory):
    """Name -> (up, prefixes), and BFD sessions that are down (None: there are none)."""
    peers = {}
    for vrf, neighbors in json.loads(vtysh(directory, "show bgp vrf all neighbors json")).items():
        for address, said in neighbors.items():
            if not isinstance(said, dict) or said.get("adminShutDown"):
                continue
            up = said["bgpState"] == "Established"
            families = said.get("addressFamilyInfo", {}).values()
            name = address if vrf == "default" else f"{vrf}/{address}"
            peers[name] = (up, sum(family["acceptedPrefixCounter"] for family in families))
    bfd = None
    if os.path.exists(f"{directory}/bfdd.vty"):
        status = [s["status"] for s in json.loads(vtysh(directory, "show bfd peers json"))]
        status = [s for s in status if s != "shutdown"]
        bfd = sum(s != "up" for s in status) if status else None
    return peers, bfd


def birdc(control, command, check=True):
    return run("birdc", "-r", "-s", control, command, check=check)


def bird(control):
    peers = {}
    for line in birdc(control, "show protocols").splitlines():
        words = line.split()
        if len(words) < 5 or words[1] != "BGP":
            continue
        name, state, info = words[0], words[3], words[5:]
        is_shut = state == "down" and not info
        is_range = info[:1] == ["Passive"] and name.startswith("range")
        up = info[:1] == ["Established"]
        if is_shut or is_range or (name.startswith("dynbgp") and not up):
            continue
        count = birdc(control, f"show route protocol {name} count")
        peers[name] = (up, sum(int(n) for n in re.findall(r"^(\d+) of", count, re.M)))
    # Without a BFD protocol this is an error.
    sessions = birdc(control, "show bfd sessions", check=False)
    states = re.findall(r"\s(AdminDown|Down|Init|Up)\s", sessions)
    states = [state for state in states if state != "AdminDown"]
    return peers, sum(state != "Up" for state in states) if states else None


def probe(places):
    peers, bfd = {}, None
    for place in places:
        kind, path = place.split(":", 1)
        more, down = {"frr": frr, "bird": bird}[kind](path)
        peers |= more
        bfd = bfd if down is None else (bfd or 0) + down
    for name in filter(None, os.environ.get("EXPECT", "").split(",")):
        peers.setdefault(name, (False, None))
    up = sum(up for up, _ in peers.values())
    samples = {"BgpPeersConfigured": len(peers), "BgpPeersUp": up, "BgpPeersDown": len(peers) - up}
    if not peers:
        samples = {}
    if bfd is not None:
        samples["BfdSessionsDown"] = bfd
    for name, (up, prefixes) in peers.items():
        samples[f"BgpPeerState {name}"] = int(up)
        if prefixes is not None:
            samples[f"BgpPrefixesAccepted {name}"] = prefixes
    return samples


def samples_of(file):
    found = {}
    for sample in json.load(open(file))["samples"]:
        if sample["collector"] == "bgp":
            key = " ".join([sample["metric"], *sample["dimensions"].values()])
            found[key] = "ambiguous" if key in found else sample["value"]
    return found


def short(samples):
    counts = [int(samples[f"BgpPeers{w}"]) if f"BgpPeers{w}" in samples else "-" for w in ("Configured", "Up", "Down")]
    peers = [f"{key.split(' ', 1)[1]}={int(value)}" for key, value in samples.items() if key.startswith("BgpPeerState ")]
    prefixes = [str(int(value)) for key, value in samples.items() if key.startswith("BgpPrefixesAccepted ")]
    flaps = [f"{key.split(' ', 1)[1]}:{int(value)}" for key, value in samples.items() if key.startswith("BgpFlaps ") and value]
    bfd = samples.get("BfdSessionsDown", "-")
    return (f"configured/up/down {'/'.join(map(str, counts))}; {' '.join(sorted(peers)[:8])}; prefixes {'+'.join(prefixes[:8])}; "
            f"flaps {' '.join(flaps) or 0}; BFD down {bfd}")


def look(once, words, places):
    found = samples_of(once)
    wanted = probe(places)
    seen = {key: value for key, value in found.items() if not key.startswith("BgpFlaps ")}
    verdict = "PASS" if seen == wanted else "FAIL"
    print(f"{verdict} {words} ({short(found)})")
    for key in sorted(set(seen) | set(wanted)):
        if seen.get(key) != wanted.get(key):
            print(f"     {key}: program {seen.get(key)}, probe {wanted.get(key)}")
    return verdict == "PASS"


def first(port, sample, value, seconds):
    end = time.time() + float(seconds)
    while time.time() < end:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            lines = []
        found = [line.rsplit(" ", 1)[1] for line in lines if line.startswith(sample)]
        if value == "absent" and lines and not found or found and value != "absent" and float(found[0]) == float(value):
            print(f"{time.time():.2f}")
            return True
        time.sleep(0.05)
    print("never:", found)
    return False


def many(kind, count):
    for n in range(1, int(count) + 1):
        if kind == "bird":
            print(f"protocol bgp p{n} {{ local 198.18.48.{n} as 65100; neighbor 198.18.49.{n} as 65001; multihop; "
                  "connect delay time 1; ipv4 { import none; export all; }; }")
        else:
            print(f" neighbor 198.18.48.{n} remote-as 65100\n neighbor 198.18.48.{n} ebgp-multihop\n neighbor 198.18.48.{n} passive")


def ticks(pid):
    """CPU time of a process, seconds."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def exchange(path, requests):
    """Bytes of the answers to requests, each with what ends its answer."""
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(5)
        stream.connect(path)
        total = 0
        for request, whole in requests:
            stream.sendall(request)
            answer = b""
            while not re.search(whole, answer[-200:]):
                part = stream.recv(65536)
                if not part:
                    raise EOFError("the daemon closed")
                answer += part
            total += len(answer)
        return total


def cost(places):
    """What one pass over each daemon takes it: bytes, wall clock, CPU."""
    line = rb"(?:^|\n)\d{4} [^\n]*\n$"
    asked = {
        "frr": ("/bgpd.vty", [(b"show bgp vrf all summary json\0", rb"(?s)\0\0\0.$")]),
        "bird": ("", [(b"", line), *((word + b"\n", line) for word in (b"restrict", b"show status", b"show protocols all"))]),
    }
    for place, pid in zip(places[::2], places[1::2]):
        kind, path = place.split(":", 1)
        suffix, requests = asked[kind]
        passes, start, before = 200, time.time(), ticks(pid)
        for _ in range(passes):
            size = exchange(path + suffix, requests)
        each = (time.time() - start) / passes * 1000
        print(f"cost of a pass, {kind}: {size} bytes, {each:.2f} ms, {(ticks(pid) - before) / passes * 1000:.2f} ms CPU of the daemon")


def main():
    verb, *rest = sys.argv[1:]
    if verb == "probe":
        print(json.dumps(probe(rest), indent=1))
    elif verb == "look":
        sys.exit(not look(rest[0], rest[1], rest[2:]))
    elif verb == "sample":
        value = samples_of(rest[0]).get(" ".join(rest[1:]), "absent")
        print(int(value) if isinstance(value, float) and value.is_integer() else value)
    elif verb == "first":
        sys.exit(not first(*rest))
    elif verb == "cost":
        cost(rest)
    elif verb == "many":
        many(*rest)


main()
