using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using CsCheck;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Netlink;
using Palisade.Nftables.Packets;

namespace Palisade.Nftables.Tests.Packets;

/// <summary>Log groups in a namespace: the rule is ours, the packets are the kernel's.</summary>
public sealed class NflogSocketTests(ITestOutputHelper output)
{
    private static readonly Table Table = new(NftFamily.Inet, "palisade");

    [Theory]
    [InlineData("127.0.0.1", 28)]
    [InlineData("::1", 48)]
    public void A_logged_packet_comes_with_prefix_interface_and_head(string address, int headers)
    {
        using var space = Namespaces.Create("nflog");
        Install(space, Rule.Of(Match.Protocol(17), Statement.Log(5, "denied dev-team: ", 64, queueThreshold: 1)));
        using var nflog = space.Run(() => new NflogSocket(5));
        Assert.Null(nflog.Read(TimeSpan.Zero));
        var to = IPAddress.Parse(address);
        using var client = space.Run(() => new UdpClient(to.AddressFamily));
        client.Send(new byte[100], 100, new IPEndPoint(to, 9));
        var packet = nflog.Read(TimeSpan.FromSeconds(5))!;
        Assert.Equal("denied dev-team: ", packet.Prefix);
        Assert.Equal(NftHook.Output, packet.Hook);
        Assert.Equal((0, 1), (packet.InputIndex, packet.OutputIndex));
        Assert.Equal(64, packet.Payload.Length);
        Assert.Equal(ProcessControl.EffectiveUserId, packet.UserId);
        var head = packet.Head!.Value;
        Assert.Equal((address, address), (head.Source.ToString(), head.Destination.ToString()));
        var port = (ushort)((IPEndPoint)client.Client.LocalEndPoint!).Port;
        Assert.Equal((17, port, 9), (head.Protocol, head.SourcePort, head.DestinationPort));
        Assert.Equal((headers + 100, headers - 8), (head.Length, head.TransportOffset));
        Assert.Equal(0u, packet.LostBefore);
    }

    [Fact]
    public void The_socket_cuts_marks_are_told_and_received_packets_have_a_time()
    {
        using var space = Namespaces.Create("nflog-in");
        var nft = Nft.Find();
        space.RunProgram(nft, """
            table inet t {
              chain out { type filter hook output priority 0; meta mark set 7; }
              chain in { type filter hook input priority 0; log group 6; }
            }

            """, "-f", "-");
        var options = new NflogOptions { CopyLength = 24, QueueThreshold = 1, WithFlows = true };
        using var nflog = space.Run(() => new NflogSocket(6, options));
        var before = DateTimeOffset.UnixEpoch.AddYears(50);
        using var client = space.Run(() => new UdpClient());
        client.Send(new byte[9], 9, new IPEndPoint(IPAddress.Loopback, 9));
        var packet = nflog.Read(TimeSpan.FromSeconds(5))!;
        Assert.Equal((24, "", 7u, 1), (packet.Payload.Length, packet.Prefix, packet.Mark, packet.InputIndex));
        Assert.Equal((NftHook.Input, (ushort)0x0800), (packet.Hook, packet.EtherType));
        Assert.True(packet.Timestamp is null || packet.Timestamp > before, $"{packet.Timestamp}");
        Assert.True(packet.Head!.Value.HasPorts);   // 20 + 4
        Assert.Equal(nflog.HasFlows, packet.Flow is not null);
        output.WriteLine($"time {packet.Timestamp:O}, connections attached: {nflog.HasFlows}");
    }

    [Fact]
    public void A_group_has_one_listener_and_another_group_is_another()
    {
        using var space = Namespaces.Create("nflog-two");
        using var first = space.Run(() => new NflogSocket(7));
        var refused = Assert.Throws<NetlinkException>(() => space.Run(() => new NflogSocket(7)));
        Assert.Equal(("EPERM", "bind log group 7"), (refused.ErrnoName, refused.Message[..16]));
        using var other = space.Run(() => new NflogSocket(8));
        first.Dispose();
        using var again = space.Run(() => new NflogSocket(7));
        Assert.Equal(7, again.Group);
    }

    [Fact]
    public void What_does_not_fit_is_counted_to_the_packet()
    {
        const int Sent = 4000;
        using var space = Namespaces.Create("nflog-lost");
        Install(space, Rule.Of(Match.Protocol(17), Statement.Log(5)));
        var options = new NflogOptions { ReceiveBuffer = 16 * 1024, BatchBytes = 4096, QueueThreshold = 8 };
        using var nflog = space.Run(() => new NflogSocket(5, options));
        using var client = space.Run(() => new UdpClient());
        var target = new IPEndPoint(IPAddress.Loopback, 9);
        for (var i = 0; i < Sent; i++)
            client.Send([1], 1, target);
        Thread.Sleep(200);   // past the flush timeout: what is gathered has been sent or dropped
        var received = Drain(nflog);
        client.Send([1], 1, target);
        var last = nflog.Read(TimeSpan.FromSeconds(5))!;
        Assert.Equal((uint)Sent, last.Sequence);
        Assert.Equal(Sent - received, nflog.Lost);
        Assert.InRange(received, 1, Sent - 1);
        Assert.True(nflog.Overruns > 0);
    }

    [Fact]
    public void Packets_arrive_within_the_flush_timeout_and_in_bulk()
    {
        const int Sent = 20_000;
        using var space = Namespaces.Create("nflog-rate");
        Install(space, Rule.Of(Match.Protocol(17), Statement.Log(5, "p", 64)));
        using var nflog = space.Run(() => new NflogSocket(5, new() { FlushTimeout = TimeSpan.FromMilliseconds(20) }));
        using var client = space.Run(() => new UdpClient());
        var target = new IPEndPoint(IPAddress.Loopback, 9);
        var clock = Stopwatch.StartNew();
        client.Send([1], 1, target);
        Assert.NotNull(nflog.Read(TimeSpan.FromSeconds(5)));
        var single = clock.Elapsed;
        Assert.InRange(single.TotalMilliseconds, 0, 900);   // the kernel's default would be 1000
        var sender = Task.Run(() =>
        {
            for (var i = 0; i < Sent; i++)
                client.Send([1], 1, target);
        });
        clock.Restart();
        var received = 0;
        while (!sender.IsCompleted || received + nflog.Lost < Sent)
        {
            var packet = nflog.Read(TimeSpan.FromMilliseconds(300));
            if (packet is null && sender.IsCompleted)
                break;
            received += packet is null ? 0 : 1;
        }

        var elapsed = clock.ElapsedMilliseconds;
        client.Send([1], 1, target);   // its number tells whether the last ones were lost
        Assert.Equal((uint)Sent + 1, nflog.Read(TimeSpan.FromSeconds(5))!.Sequence);

        output.WriteLine($"a single packet after {single.TotalMilliseconds:F1} ms; {received} of {Sent} in "
            + $"{elapsed} ms, {nflog.Lost} lost, {nflog.Overruns} overruns");
        Assert.Equal(Sent, received + nflog.Lost);
    }

    [Fact]
    public void Junk_decodes_to_something_but_never_throws() => Gen.Byte.Array[0, 60].Sample(bytes =>
    {
        _ = LoggedPacket.Decode(bytes);
        var buffer = new NetlinkBuffer();
        buffer.Append([2, 0, 0, 0]);
        for (var type = 1; type < 22; type++)
            buffer.Put(type, bytes);
        Assert.Equal(bytes, LoggedPacket.Decode(buffer.Written).Payload.ToArray());
    }, iter: 20_000);

    private static int Drain(NflogSocket nflog)
    {
        var count = 0;
        while (nflog.Read(TimeSpan.FromMilliseconds(50)) is not null)
            count++;
        return count;
    }

    private static void Install(NetworkNamespace space, Rule rule)
    {
        using var socket = space.Run(() => new NftSocket());
        var transaction = new Transaction(Table);
        transaction.AddRuleset(new(Table)
        {
            Chains = [new("out") { Base = new("filter", NftHook.Output, 0), Rules = [rule] }],
        });
        socket.Commit(transaction);
    }
}
