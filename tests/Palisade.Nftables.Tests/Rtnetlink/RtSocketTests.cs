using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Palisade.Nftables.Kernel;
using Palisade.Nftables.Netlink;
using Palisade.Nftables.Rtnetlink;

namespace Palisade.Nftables.Tests.Rtnetlink;

public sealed class RtSocketTests
{
    [Fact]
    public void Two_namespaces_joined_by_a_veth_carry_tcp_in_both_families()
    {
        using var left = Namespaces.Create("left");
        using var right = Namespaces.Create("right");
        using var leftRouting = left.Run(() => new RtSocket());
        using var rightRouting = right.Run(() => new RtSocket());
        leftRouting.CreateVeth("east", "west", right.FileDescriptor, mtu: 1400);
        Assert.Null(leftRouting.FindLink("west"));
        foreach (var (routing, name, last) in new[] { (leftRouting, "east", 1), (rightRouting, "west", 2) })
        {
            routing.AddAddress(name, IPAddress.Parse($"10.1.0.{last}"), 24);
            routing.AddAddress(name, IPAddress.Parse($"fd00::{last}"), 64);
            routing.SetUp(name);
        }

        Assert.Equal(1400u, rightRouting.FindLink("west")!.Mtu);
        Assert.Equal("hello", SendBetween(left, right, IPAddress.Parse("10.1.0.2")));
        Assert.Equal("hello", SendBetween(left, right, IPAddress.Parse("fd00::2")));
        Assert.Contains(leftRouting.Addresses(), a => a.Address.Equals(IPAddress.Parse("fd00::1")) && !a.IsTentative);
    }

    [Fact]
    public void Routes_are_added_replaced_dumped_and_deleted()
    {
        using var space = Namespaces.Create("routes");
        using var routing = space.Run(() => new RtSocket());
        routing.CreateVeth("a", "b");
        routing.SetUp("a");
        routing.SetUp("b");
        routing.AddAddress("a", IPAddress.Parse("10.2.0.1"), 24);
        var host = new Route(IPNetwork.Parse("10.9.0.7/32")) { Device = "a" };
        var far = new Route(IPNetwork.Parse("10.8.0.0/16")) { Gateway = IPAddress.Parse("10.2.0.9"), Device = "a" };
        var onLink = new Route(IPNetwork.Parse("0.0.0.0/0"))
        {
            Gateway = IPAddress.Parse("169.254.1.1"),
            Device = "a",
            OnLink = true,
        };
        var v6 = new Route(IPNetwork.Parse("fd01::7/128")) { Device = "a", Metric = 77 };
        foreach (var route in new[] { host, far, onLink, v6 })
            routing.AddRoute(route);
        var dumped = routing.Routes();
        Assert.Subset(dumped.ToHashSet(), new[] { host, far, onLink, v6 }.ToHashSet());

        var moved = host with { Device = "b" };
        routing.ReplaceRoute(moved);
        dumped = routing.Routes();
        Assert.Contains(moved, dumped);
        Assert.DoesNotContain(host, dumped);
        routing.DeleteRoute(moved);
        Assert.DoesNotContain(moved, routing.Routes());
        var missing = Assert.Throws<NetlinkException>(() => routing.DeleteRoute(moved));
        Assert.Equal("ESRCH", missing.ErrnoName);
    }

    [Fact]
    public void Links_are_renamed_enslaved_moved_and_deleted()
    {
        using var here = Namespaces.Create("here");
        using var there = Namespaces.Create("there");
        using var routing = here.Run(() => new RtSocket());
        using var other = there.Run(() => new RtSocket());
        routing.CreateBridge("br0");
        routing.CreateVeth("a", "b");
        routing.Rename("a", "port0");
        routing.SetMaster("port0", "br0");
        routing.SetHardwareAddress("b", PhysicalAddress.Parse("02-00-00-00-00-05"));
        routing.SetMtu("b", 1300);
        routing.SetUp("port0");
        Assert.Equal(routing.IndexOf("br0"), routing.FindLink("port0")!.Master);
        Assert.Equal("veth", routing.FindLink("port0")!.Kind);
        Assert.True(routing.FindLink("port0")!.IsUp);
        routing.MoveTo("b", there.FileDescriptor);
        Assert.Null(routing.FindLink("b"));
        Assert.Equal(PhysicalAddress.Parse("02-00-00-00-00-05"), other.FindLink("b")!.HardwareAddress);
        routing.SetMaster("port0", null);
        Assert.Null(routing.FindLink("port0")!.Master);
        routing.DeleteLink("port0");
        Assert.Null(other.FindLink("b"));
        Assert.Equal(["br0", "lo"], routing.Links().Select(l => l.Name).Order());
    }

    /// <summary>What a bridge's port leads to is known without entering the other namespace.</summary>
    [Fact]
    public void The_other_end_of_a_port_tells_its_addresses()
    {
        using var node = Namespaces.Create("peer-node");
        using var pod = Namespaces.Create("peer-pod");
        using var routing = node.Run(() => new RtSocket());
        using var inside = pod.Run(() => new RtSocket());
        routing.CreateBridge("br0");
        routing.CreateVeth("port0", "eth0", pod.FileDescriptor);
        routing.SetMaster("port0", "br0");
        routing.SetHairpin("port0", true);
        inside.SetHardwareAddress("eth0", PhysicalAddress.Parse("0A-58-0A-07-00-02"));
        inside.AddAddress("eth0", IPAddress.Parse("10.7.0.2"), 24);
        inside.AddAddress("eth0", IPAddress.Parse("fd00:7::2"), 64);
        inside.AddAddress("lo", IPAddress.Parse("10.7.0.3"), 32);
        var (link, addresses) = routing.FindPeer(routing.FindLink("port0")!)!.Value;
        Assert.Equal(("eth0", "0A580A070002"), (link.Name, link.HardwareAddress.ToString()));
        Assert.Equal(["10.7.0.2", "fd00:7::2"], addresses.Select(a => a.Address.ToString()).Order());
        Assert.Null(routing.FindPeer(routing.FindLink("br0")!));
        var port = routing.FindLink("port0")!;
        routing.DeleteLink("port0");
        Assert.Null(routing.FindPeer(port));
        routing.CreateVeth("a", "b");
        Assert.Null(routing.FindPeer(routing.FindLink("a")!));
    }

    [Fact]
    public void Refusals_carry_errno_and_the_kernels_text()
    {
        using var space = Namespaces.Create("refusals");
        using var routing = space.Run(() => new RtSocket());
        Assert.Equal("ENODEV", Assert.Throws<NetlinkException>(() => routing.SetUp("nothere")).ErrnoName);
        routing.CreateBridge("d");
        Assert.Equal("EEXIST", Assert.Throws<NetlinkException>(() => routing.CreateBridge("d")).ErrnoName);
        var unreachable = Assert.Throws<NetlinkException>(
            () => routing.AddRoute(new(IPNetwork.Parse("10.0.0.0/8")) { Gateway = IPAddress.Parse("1.2.3.4") }));
        Assert.NotNull(unreachable.KernelText);
        Assert.Contains(unreachable.KernelText, unreachable.Message);
    }

    [Fact]
    public void Changes_are_reported_while_a_monitor_listens()
    {
        using var space = Namespaces.Create("changes");
        using var routing = space.Run(() => new RtSocket());
        using var monitor = space.Run(() => new RtMonitor());
        Assert.Null(monitor.Read(TimeSpan.FromMilliseconds(20)));
        routing.CreateBridge("d");
        var created = monitor.Read(TimeSpan.FromSeconds(5));
        Assert.Equal((RtChange.LinkChanged, "d"), (created?.Change, created?.Link?.Name));
        routing.SetUp("d");
        routing.AddAddress("d", IPAddress.Parse("10.3.0.1"), 24);
        routing.AddRoute(new(IPNetwork.Parse("10.4.0.0/16")) { Device = "d" });
        routing.DeleteLink("d");
        var seen = new List<RtNotification>();
        while (seen.LastOrDefault()?.Change != RtChange.LinkDeleted)
            seen.Add(monitor.Read(TimeSpan.FromSeconds(5)) ?? throw new TimeoutException());
        Assert.Contains(seen, n => n.Address?.Address.Equals(IPAddress.Parse("10.3.0.1")) == true);
        Assert.Contains(seen, n => n is { Change: RtChange.RouteChanged, Route: { } route }
            && route.Destination == IPNetwork.Parse("10.4.0.0/16"));
    }

    [Fact]
    public void Sysctls_and_children_belong_to_the_namespace()
    {
        using var space = Namespaces.Create("sysctl");
        using var other = Namespaces.Create("other");
        space.SetSysctl("net.ipv4.ip_forward", "1");
        other.SetSysctl("net.ipv4.ip_forward", "0");
        Assert.Equal("1", space.GetSysctl("net.ipv4.ip_forward"));
        Assert.Equal("0", other.GetSysctl("net.ipv4.ip_forward"));
        Assert.Equal("1\n", space.RunProgram("cat", "", "/proc/sys/net/ipv4/ip_forward"));
        Assert.Equal("ENOENT", Assert.Throws<KernelException>(() => space.SetSysctl("net.no.such", "1")).ErrnoName);
    }

    private static string SendBetween(NetworkNamespace from, NetworkNamespace to, IPAddress address)
    {
        using var listener = to.Run(() => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(new IPEndPoint(address, 8080));
        listener.Listen();
        using var client = from.Run(() => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        client.Connect(new IPEndPoint(address, 8080));
        client.Send("hello"u8);
        using var server = listener.Accept();
        var buffer = new byte[16];
        return System.Text.Encoding.ASCII.GetString(buffer, 0, server.Receive(buffer));
    }
}
