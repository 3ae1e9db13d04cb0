using System.Net;
using System.Net.Sockets;
using CsCheck;
using Palisade.Nftables.Flows;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Netlink;

namespace Palisade.Nftables.Tests.Flows;

/// <summary>ctnetlink in a namespace, with the conntrack program as the other judge.</summary>
public sealed class ConntrackSocketTests
{
    private const FlowStatus Live = FlowStatus.SeenReply | FlowStatus.Assured | FlowStatus.Confirmed;
    private static readonly string[] None = [];

    [Fact]
    public void What_conntrack_lists_is_what_a_dump_gives()
    {
        using var space = Namespaces.Create("flows");
        using var socket = space.Run(() => new ConntrackSocket());
        Flow[] flows =
        [
            Tcp(1), Tcp(2) with { Mark = 7 }, Tcp(3) with { Zone = 5 }, Udp6(4), Icmp(5),
            Tcp(6) with { Zone = 9, ZoneScope = ZoneScope.Original },
        ];
        Assert.Equal(flows.Length, socket.Insert(flows).Done);
        Assert.Equal(flows.Length, socket.Count());
        var dumped = socket.Dump().ToList();
        Assert.Equal(flows.Select(Shape).Order(), dumped.Select(Shape).Order());
        Assert.All(dumped, flow => Assert.True(flow.Id != 0 && flow.Timeout is > 500 and <= 600, $"{flow}"));
        var listed = Listed(space, "-f", "ipv4").Concat(Listed(space, "-f", "ipv6")).ToList();
        Assert.Equal(flows.Length, listed.Count);
        Assert.Contains(listed, line => line.Contains("ESTABLISHED src=10.0.0.2 dst=10.1.0.1 sport=1026 dport=80")
            && line.Contains("[ASSURED]") && line.Contains("mark=7"));
        Assert.Contains(listed, line => line.Contains("src=10.0.0.3") && line.Contains("zone=5"));
        Assert.Contains(listed, line => line.Contains("zone-orig=9"));
        Assert.Contains(listed, line => line.Contains("icmp") && line.Contains("type=8 code=0 id=5"));
        Assert.Contains(listed, line => line.Contains("src=fd00::4 dst=fd01::1"));
    }

    [Fact]
    public void The_kernel_filters_by_mark_zone_family_status_and_tuple()
    {
        using var space = Namespaces.Create("filters");
        using var socket = space.Run(() => new ConntrackSocket());
        var nat = Tcp(7) with
        {
            Reply = new(PacketAddress.Parse("10.9.0.1"), PacketAddress.Parse("10.0.0.7"), 6, 8080, 1031),
        };
        Flow[] flows =
        [
            Tcp(1), Tcp(2) with { Mark = 0x71 }, Tcp(3) with { Zone = 5 }, Udp6(4), nat,
            Tcp(8) with { Status = FlowStatus.Confirmed }, Udp6(5),
        ];
        Assert.Equal(flows.Length, socket.Insert(flows).Done);
        AssertFound(socket, new() { Family = 6 }, Udp6(4), Udp6(5));
        AssertFound(socket, new() { Mark = (0x70, 0xf0) }, flows[1]);
        AssertFound(socket, new() { Zone = 5 }, flows[2]);
        AssertFound(socket, new() { Status = (FlowStatus.Confirmed, Live) }, flows[5]);
        AssertFound(socket, Of(new() { Source = PacketAddress.Parse("10.0.0.2") }), flows[1]);
        AssertFound(socket, Of(null, new() { Source = PacketAddress.Parse("10.9.0.1") }), nat);
        AssertFound(socket, Of(new() { Destination = PacketAddress.Parse("10.1.0.1"), Protocol = 17 }));
        AssertFound(socket, Of(new() { Protocol = 6, DestinationPort = 80, SourcePort = 1025 }), Tcp(1));
        var from = new TupleFilter { Source = PacketAddress.Parse("fd00::4") };
        AssertFound(socket, new() { Family = 6, Original = from }, Udp6(4));
        AssertFound(socket, new() { Mark = (0, uint.MaxValue), Family = 4, Zone = 5 }, flows[2]);
    }

    [Fact]
    public void Deletion_takes_the_one_meant_and_says_what_was_gone()
    {
        using var space = Namespaces.Create("delete");
        using var socket = space.Run(() => new ConntrackSocket());
        Flow[] flows = [Tcp(1), Tcp(2) with { Zone = 5 }, Udp6(3), Icmp(4), Tcp(2)];
        socket.Insert(flows);
        var before = socket.Dump().ToList();
        var victim = before.Single(flow => flow.Zone == 5);
        Assert.Equal((1, 1, 0), Shape(socket.Delete([victim, victim])));
        Assert.Equal(["10.0.0.2 0"], Listed(space, "-f", "ipv4").Where(line => line.Contains("src=10.0.0.2 "))
            .Select(line => line.Contains("zone=5") ? "10.0.0.2 5" : "10.0.0.2 0"));

        // another connection of the same tuple has another id and stays
        var kept = before.Single(flow => flow.Original == Tcp(1).Original);
        Assert.Equal((0, 1, 0), Shape(socket.Delete([kept with { Id = kept.Id ^ 1 }])));
        Assert.Equal((3, 1, 0), Shape(socket.Delete(before.Where(flow => flow != kept))));
        Assert.Equal(Tcp(1).Original, Assert.Single(socket.Dump()).Original);
        Assert.Equal((1, 0, 0), Shape(socket.Delete([Tcp(1)])));   // without an id: whichever it is
        Assert.Empty(Listed(space));
    }

    [Fact]
    public void An_offloaded_connection_that_the_kernel_keeps_is_told_apart()
    {
        var outcome = new FlowOutcome(0, 0, [(Tcp(1), Errno.EBUSY), (Tcp(2), Errno.EINVAL)]);
        Assert.Equal([Tcp(1)], outcome.Offloaded);
        Assert.True((Tcp(1) with { Status = Live | FlowStatus.Offload }).IsOffloaded);
    }

    [Fact]
    public void Marks_labels_and_timeouts_are_set_under_a_mask()
    {
        var nft = Nft.Find();
        using var space = Namespaces.Create("marks");
        using var socket = space.Run(() => new ConntrackSocket());
        socket.Insert([Tcp(1) with { Mark = 0xff }]);
        var early = socket.Dump().Single();
        Assert.Equal((1, 0, 0), Shape(socket.SetMark([early], 0x100, 0xf0f)));
        Assert.Equal(0x1f0u, socket.Dump().Single().Mark);
        Assert.Equal((1, 0, 0), Shape(socket.SetTimeout([early], 20)));
        Assert.InRange(socket.Dump().Single().Timeout, 18u, 20u);
        var refused = socket.SetLabels([early], 1, 1);
        Assert.Equal((0, 0, 1), Shape(refused));   // it began before any rule used labels
        Assert.Equal(Errno.ENOSPC, refused.Refused.Single().Errno);

        const string Labelling = "table inet t { chain c { type filter hook input priority 0; ct label set 127; }\n}\n";
        space.RunProgram(nft, Labelling, "-f", "-");
        Assert.Equal(Errno.ENOSPC, socket.SetLabels([early], 1, 1).Refused.Single().Errno);
        socket.Insert([Tcp(2)]);
        var late = socket.Dump().Single(flow => flow.Original == Tcp(2).Original);
        var top = UInt128.One << 127;
        Assert.Equal((1, 0, 0), Shape(socket.SetLabels([late], top | 5, top | 7)));
        Assert.Equal((1, 0, 0), Shape(socket.SetLabels([late], 0, 4)));
        Assert.Equal(top | 1, socket.Dump().Single(flow => flow.Id == late.Id).Labels);
    }

    [Fact]
    public void A_real_connection_is_followed_from_its_first_packet_to_its_end()
    {
        var nft = Nft.Find();
        using var space = Namespaces.Create("events");
        const string Tracking =
            "table inet t { chain c { type filter hook input priority 0; ct state new accept; }\n}\n";
        space.RunProgram(nft, Tracking, "-f", "-");
        using var monitor = space.Run(() => new FlowMonitor());
        using var conntrack = space.Run(() => new ConntrackSocket());
        using var listener = space.Run(() => new TcpListener(IPAddress.Loopback, 0));
        listener.Start();
        var port = (ushort)((IPEndPoint)listener.LocalEndpoint).Port;
        using var client = space.Run(() => new TcpClient(AddressFamily.InterNetwork));
        client.Connect(IPAddress.Loopback, port);
        var begun = ReadUntil(monitor, found => found.Change == FlowChange.New);
        Assert.Equal(("127.0.0.1", port, (byte)6), (begun.Original.Source.ToString(), begun.Original.DestinationPort,
            begun.Original.Protocol));
        Assert.Equal(begun.Original.Reversed, begun.Reply);
        var opened = ReadUntil(monitor, found => found.Flow?.TcpState == TcpState.Established);
        Assert.Equal(begun.Id, opened.Id);
        Assert.Equal((1, 0, 0), Shape(conntrack.Delete([opened])));
        var ended = ReadUntil(monitor, found => found.Change == FlowChange.Ended);
        Assert.Equal(begun.Id, ended.Id);
    }

    [Fact]
    public void Too_many_events_for_the_buffer_are_reported_as_lost()
    {
        using var space = Namespaces.Create("overrun");
        using var monitor = space.Run(() => new FlowMonitor(FlowChange.New, receiveBuffer: 8192));
        using var socket = space.Run(() => new ConntrackSocket());
        socket.Insert(Enumerable.Range(1, 500).Select(Tcp));
        var seen = 0;
        var lost = 0;
        while (monitor.Read(TimeSpan.FromMilliseconds(50)) is { } found)
        {
            seen += found.Change == FlowChange.New ? 1 : 0;
            lost += found.Change == FlowChange.Lost ? 1 : 0;
        }

        Assert.Equal(1, lost);
        Assert.InRange(seen, 1, 499);
        socket.Insert([Udp6(9)]);
        Assert.Equal(Udp6(9).Original, monitor.Read(TimeSpan.FromSeconds(5))?.Flow?.Original);
    }

    [Fact]
    public void A_dump_that_is_being_read_keeps_the_socket_to_itself()
    {
        using var space = Namespaces.Create("busy");
        using var socket = space.Run(() => new ConntrackSocket());
        socket.Insert(Enumerable.Range(0, 1000).Select(Tcp));
        foreach (var flow in socket.Dump())
        {
            Assert.Throws<InvalidOperationException>(() => socket.Delete([flow]));
            break;
        }

        Assert.Equal(1000, socket.Delete(socket.Dump().ToList()).Done);
        Assert.Throws<NetlinkException>(() => socket.Dump(new() { Original = new() { Protocol = 6 } }).Count());
        Assert.Empty(socket.Dump());   // a tuple needs a family; the refusal ended that dump
    }

    [Fact]
    public void Junk_decodes_to_something_or_nothing_but_never_throws() => Gen.Byte.Array[0, 200].Sample(bytes =>
    {
        _ = FlowWire.Decode(bytes);
        var buffer = new NetlinkBuffer();
        buffer.Append([2, 0, 0, 0]);
        for (var type = 1; type < 28; type++)
            buffer.Put(type, bytes);
        Assert.NotNull(FlowWire.Decode(buffer.Written));
    }, iter: 20_000);

    internal static Flow Tcp(int number) => Connection(6, $"10.0.{number >> 8 & 255}.{number & 255}", "10.1.0.1",
        (ushort)(1024 + number % 60_000), 80) with
    { TcpState = TcpState.Established };

    private static Flow Udp6(int number) => Connection(17, $"fd00::{number:x}", "fd01::1", 53, 5353);

    private static Flow Icmp(ushort id)
    {
        var (from, to) = (PacketAddress.Parse("10.0.0.5"), PacketAddress.Parse("10.1.0.1"));
        return new(new(from, to, 1, id, 8 << 8), new(to, from, 1, id, 0)) { Status = Live, Timeout = 600 };
    }

    private static Flow Connection(byte protocol, string from, string to, ushort source, ushort destination)
    {
        var tuple = new FlowTuple(PacketAddress.Parse(from), PacketAddress.Parse(to), protocol, source, destination);
        return new(tuple, tuple.Reversed) { Status = Live, Timeout = 600 };
    }

    private static FlowFilter Of(TupleFilter? original, TupleFilter? reply = null) =>
        new() { Family = 4, Original = original, Reply = reply };

    private static (int Done, int Gone, int Refused) Shape(FlowOutcome outcome) =>
        (outcome.Done, outcome.Gone, outcome.Refused.Length);

    private static string Shape(Flow flow) => $"{flow.Original} | {flow.Reply} {flow.Status & Live} mark {flow.Mark} "
        + $"zone {flow.Zone} {flow.ZoneScope} {flow.TcpState} {flow.Labels}";

    private static void AssertFound(ConntrackSocket socket, FlowFilter filter, params Flow[] expected) =>
        Assert.Equal(expected.Select(Shape).Order(), socket.Dump(filter).Select(Shape).Order());

    private static Flow ReadUntil(FlowMonitor monitor, Func<FlowEvent, bool> wanted)
    {
        while (monitor.Read(TimeSpan.FromSeconds(5)) is { } found)
        {
            if (wanted(found))
                return found.Flow!;
        }

        throw new TimeoutException("no such event in 5 s");
    }

    private static string[] Listed(NetworkNamespace space, params string[] filter)
    {
        var conntrack = Nft.Tool("conntrack", "conntrack");
        var text = space.RunProgram(conntrack, "", ["-L", .. filter]);
        return text.Length == 0 ? None : text.TrimEnd('\n').Split('\n');
    }
}
