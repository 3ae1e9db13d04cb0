using System.Diagnostics;
using System.Net;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Rtnetlink;

namespace Palisade.Nftables.Tests.Kernel;

public sealed class KernelTests
{
    [Fact]
    public void The_probe_finds_this_kernel_usable()
    {
        using var space = Namespaces.Create("probing");
        var support = KernelSupport.Probe();
        Assert.Empty(support.Problems);
        Assert.True(support.CanMakeNamespaces && support.CanFilter);
    }

    [Theory]
    [InlineData(4, "10.5.0.1", "10.5.0.2")]
    [InlineData(6, "fd05::1", "fd05::2")]
    public void Raw_packets_of_a_protocol_cross_a_veth(int family, string from, string to)
    {
        using var left = Namespaces.Create("raw-left");
        using var right = Namespaces.Create("raw-right");
        Join(left, right, from, to);
        using var sender = left.Run(() => RawSocket.Ip(family, 253));
        using var receiver = right.Run(() => RawSocket.Ip(family, 253));
        Assert.Null(receiver.Receive(TimeSpan.FromMilliseconds(20)));
        sender.Send("probe"u8, IPAddress.Parse(to));
        var received = receiver.Receive(TimeSpan.FromSeconds(5));
        Assert.Equal(IPAddress.Parse(from), received?.Source);
        Assert.EndsWith("probe", System.Text.Encoding.Latin1.GetString(received!.Value.Packet));
    }

    [Fact]
    public void A_packet_with_its_own_header_leaves_with_the_source_it_claims()
    {
        using var left = Namespaces.Create("spoof-left");
        using var right = Namespaces.Create("spoof-right");
        Join(left, right, "10.5.0.1", "10.5.0.2");
        right.SetSysctl("net.ipv4.conf.all.rp_filter", "0");
        right.SetSysctl("net.ipv4.conf.west.rp_filter", "0");
        using var receiver = right.Run(() => RawSocket.Ip(4, 253));
        using var sender = left.Run(() => RawSocket.IpWithHeader(4));
        byte[] packet = [0x45, 0, 0, 24, 0, 0, 0, 0, 64, 253, 0, 0, 10, 5, 0, 99, 10, 5, 0, 2, .. "spof"u8];
        sender.Send(packet, IPAddress.Parse("10.5.0.2"));
        Assert.Equal(IPAddress.Parse("10.5.0.99"), receiver.Receive(TimeSpan.FromSeconds(5))?.Source);
    }

    [Fact]
    public void Frames_are_sent_and_seen_as_they_are()
    {
        using var left = Namespaces.Create("frames-left");
        using var right = Namespaces.Create("frames-right");
        Join(left, right, "10.5.0.1", "10.5.0.2");
        using var sender = left.Run(() => RawSocket.Frames("east"));
        using var receiver = right.Run(() => RawSocket.Frames("west"));
        byte[] toAll = [255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 9, 0x88, 0xb5];   // 0x88b5: for experiments
        byte[] frame = [.. toAll, .. "a frame of a private protocol"u8];
        sender.SendFrame(frame);
        while (receiver.Receive(TimeSpan.FromSeconds(5)) is { } received)
        {
            if (received.Packet.AsSpan().SequenceEqual(frame))
                return;   // neighbour discovery of the two ends may come before it
        }

        Assert.Fail("the frame did not arrive");
    }

    [Fact]
    public void A_process_is_signalled_and_seen_to_be_gone()
    {
        using var sleeper = Process.Start("sleep", "100");
        Assert.True(ProcessControl.IsAlive(sleeper.Id));
        Assert.True(ProcessControl.Signal(sleeper.Id, ProcessControl.Terminate));
        sleeper.WaitForExit();
        Assert.Equal(128 + ProcessControl.Terminate, sleeper.ExitCode);
        Assert.False(ProcessControl.Signal(sleeper.Id, ProcessControl.Terminate));
    }

    [Fact]
    public void A_program_that_is_not_there_is_not_executed_and_changes_no_signal()
    {
        var ignored = IgnoredSignals();
        Assert.Equal("ENOENT", Assert.Throws<KernelException>(() => ProcessControl.Execute("/no/such", [])).ErrnoName);
        Assert.Equal(ignored, IgnoredSignals());
    }

    /// <summary>This process's mask of ignored signals, hexadecimal (proc(5), status).</summary>
    private static string IgnoredSignals() =>
        File.ReadLines("/proc/self/status").Single(line => line.StartsWith("SigIgn:", StringComparison.Ordinal));

    [Fact]
    public void Work_that_fails_throws_where_it_was_posted_and_the_thread_lives_on()
    {
        using var space = Namespaces.Create("work");
        Assert.Throws<InvalidOperationException>(() => space.Run(() => throw new InvalidOperationException("x")));
        var thread = space.Run(() => Environment.CurrentManagedThreadId);
        Assert.Equal(thread, space.Run(() => space.Run(() => Environment.CurrentManagedThreadId)));
        Assert.NotEqual(thread, Environment.CurrentManagedThreadId);
    }

    [Fact]
    public void A_namespace_is_entered_by_its_path()
    {
        using var space = Namespaces.Create("entered");
        space.Run(() => new RtSocket()).CreateBridge("mark");
        using var again = NetworkNamespace.Open("again", space.Path);
        Assert.NotNull(again.Run(() => new RtSocket()).FindLink("mark"));
        using var same = space.Run(() => NetworkNamespace.OfCaller("same"));
        Assert.NotNull(same.Run(() => new RtSocket()).FindLink("mark"));
        Assert.Equal("ENOENT", Assert.Throws<KernelException>(() => NetworkNamespace.Open("no", "/no/such")).ErrnoName);
    }

    private static void Join(NetworkNamespace left, NetworkNamespace right, string from, string to)
    {
        using var leftRouting = left.Run(() => new RtSocket());
        using var rightRouting = right.Run(() => new RtSocket());
        leftRouting.CreateVeth("east", "west", right.FileDescriptor);
        leftRouting.AddAddress("east", IPAddress.Parse(from), from.Contains(':') ? 64 : 24);
        rightRouting.AddAddress("west", IPAddress.Parse(to), to.Contains(':') ? 64 : 24);
        leftRouting.SetUp("east");
        rightRouting.SetUp("west");
    }
}
