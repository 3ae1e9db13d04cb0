using System.Collections.Immutable;
using Palisade.Dataplane.Proof.Kernel;
using Palisade.Dataplane.Proof.Space;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Proof;

/// <summary>What holds whatever policies say: who may send from where, and through which interfaces.</summary>
internal sealed class FixedClaims(PacketSpace space, NodePlaces places, IReadOnlySet<string> interfaces, Bits ownNode)
{
    private const byte RouterAdvertisement = 134;
    private const byte Redirect = 137;

    private static readonly Address AllNodes = Address.Parse("ff02::1");
    private static readonly Cidr LinkLocal = Cidr.Parse("fe80::/10");
    private static readonly Cidr[] Loopback = [Cidr.Parse("127.0.0.0/8"), Cidr.Parse("::1/128")];
    private static readonly Cidr Unspecified = Cidr.Parse("::/128");

    /// <summary>What conntrack can say of a packet; a reply is always established.</summary>
    public static ImmutableArray<(PacketState State, bool IsReply)> States { get; } =
    [
        (PacketState.New, false), (PacketState.Established, false), (PacketState.Established, true),
        (PacketState.Related, false), (PacketState.Invalid, false), (PacketState.Untracked, false),
    ];

    /// <summary>Whether packets of other machines or pods can bear the address: not of the link or the host.</summary>
    public static bool IsReachable(Address address) =>
        !LinkLocal.Contains(address) && !Loopback.Any(block => block.Contains(address));

    /// <summary>Router and neighbour discovery, and redirects: of one link, never forwarded (RFC 4861).</summary>
    public static bool IsDiscovery(Flow flow) => flow is { Transport: Flow.Icmpv6, First: >= 133 and <= Redirect };

    /// <summary>IP in IP, IPv6 in IP, GRE, VXLAN (4789, and Linux's 8472), Geneve (6081).</summary>
    public static bool IsTunnel(Flow flow) => flow is { Transport: 4 or 41 or 47 }
        or { Transport: Flow.Udp, First: 4789 or 6081 or 8472 };

    /// <summary>What is told apart here.</summary>
    public static void AddBorders(Borders borders)
    {
        borders.Add(LinkLocal);
        borders.Add(Unspecified);
        borders.AddMessageTypes(8, 128, 133, 134, 135, 136, 137, 143);
        borders.AddTransports(4, 41, 47);
        foreach (var port in (ushort[])[4789, 6081, 8472])
            borders.Add(PortSet.One(Protocol.Udp, port));
        foreach (var address in NodePlaces.MadeUp)
            borders.Add(address);
        borders.Add(AllNodes);
    }

    public IEnumerable<Claim> All()
    {
        foreach (var (name, addresses) in places.Links)
        {
            foreach (var claim in Sources(name, addresses))
                yield return claim;
        }

        foreach (var name in interfaces.Concat(places.Bridges.Keys).Append("palisade-none").Distinct()
            .Where(name => !places.Links.ContainsKey(name) && !places.Uplinks.Contains(name) && name != "lo"))
        {
            var claims = places.Bridges.TryGetValue(name, out var addresses)
                ? Strangers(
                    name, FromPods(addresses, onLink: false), FromPods(addresses, onLink: true),
                    "from a bridge only its known pods speak, and others to answer the node")
                : Strangers(
                    name, PacketSet.None, PacketSet.None,
                    "from and to an interface that no known pod has claimed only the node's own pass");
            foreach (var claim in claims)
                yield return claim;
        }

        foreach (var uplink in places.Uplinks)
        {
            foreach (var claim in Uplink(uplink))
                yield return claim;
        }

        var loopback = new Scene
        {
            Path = Scene.Received,
            Open = AddressEnd.Source,
            Fixed = NodePlaces.Beyond(space),
            Input = "lo",
        };
        yield return new(loopback, PacketSet.Of(space.AllFlows, space.Local), space.All, "the node reaches itself");
        yield return new(
            new()
            {
                Path = Scene.Sent,
                Open = AddressEnd.Source,
                Fixed = places.NodeOf(space) ?? NodePlaces.Beyond(space),
                Output = "lo",
            },
            PacketSet.Of(space.AllFlows, space.Local), space.All, "the node reaches itself");
    }

    /// <summary>What comes from a pod's interface bears an address of that interface, and before conntrack.</summary>
    private IEnumerable<Claim> Sources(string name, ImmutableArray<Address> addresses)
    {
        const string Says = "what comes from a pod's interface bears that pod's address, before connection tracking";
        var scene = new Scene
        {
            Path = Scene.Arriving,
            Open = AddressEnd.Source,
            Fixed = NodePlaces.Beyond(space),
            Input = name,
            BeforeConntrack = true,
        };
        yield return new(scene, space.All, FromPods(addresses, onLink: false), Says);
        yield return new(scene with { HopLimit = 255 }, space.All, FromPods(addresses, onLink: true), Says);
        // Routers forward none, but the kernel does between two pods of one link.
        yield return new(
            scene with { Path = [Hook.Postrouting], Output = name, BeforeConntrack = false },
            PacketSet.Of(space.AllFlows, space.Atoms.Of(LinkLocal)), PacketSet.None,
            "a link-local source is no pod's own address");
    }

    /// <summary>What pods with these addresses may send; with hop limit 255 neighbour discovery too.</summary>
    private PacketSet FromPods(ImmutableArray<Address> addresses, bool onLink)
    {
        var own = space.Atoms.Of(addresses).Or(space.Atoms.Of(LinkLocal));
        var flows = space.FlowsWhere(flow => !IsDiscovery(flow) || (onLink && flow.First is 133 or 135 or 136));
        var unspecified = onLink ? Messages(133, 135, 143) : Messages(143);
        return PacketSet.Of(flows, own).Union(PacketSet.Of(unspecified, space.Atoms.Of(Unspecified)));
    }

    /// <summary>What passes an interface at which there are unknown pods, beside what known ones send.</summary>
    private IEnumerable<Claim> Strangers(string name, PacketSet known, PacketSet knownOnLink, string says)
    {
        var scene = new Scene
        {
            Path = Scene.Arriving,
            Open = AddressEnd.Source,
            Fixed = NodePlaces.Beyond(space),
            Input = name,
        };
        var neighbours = PacketSet.Of(Messages(135, 136), space.Atoms.All).Union(knownOnLink);
        foreach (var (state, reply) in States)
        {
            var judged = scene with { State = state, IsReply = reply };
            yield return new(judged, space.All, known, says);
            if (places.NodeOf(space) is not { } node)
                continue;
            var answers = reply
                ? PacketSet.Of(space.FlowsWhere(flow => !IsDiscovery(flow)), space.Atoms.All)
                : PacketSet.None;
            yield return new(judged with { Fixed = node }, space.All, known.Union(answers), says);
            if (!reply)
                yield return new(judged with { Fixed = node, HopLimit = 255 }, space.All, neighbours, says);
        }

        if (space.Family == AddressFamily.V6)
            yield return new(scene with { Fixed = AllNodes, HopLimit = 255 }, space.All, neighbours, says);
        var passing = PacketSet.Of(space.AllFlows, space.Forwardable);
        foreach (var uplink in places.Uplinks)
        {
            yield return new(
                scene with { Path = Scene.Forwarded, Input = uplink, Output = name }, passing, PacketSet.None, says);
        }

        yield return new(
            scene with { Path = Scene.Sent, Input = "", Output = name },
            PacketSet.Of(space.AllFlows, ownNode), space.All, "the node itself may send anywhere");
    }

    private IEnumerable<Claim> Uplink(string name)
    {
        const string Says = "policies of this node's pods concern nobody else";
        var others = PacketSet.Of(
            space.AllFlows, space.Forwardable.Except(space.Atoms.Of(places.LocalAddresses)));
        var scene = new Scene
        {
            Path = Scene.Forwarded,
            Open = AddressEnd.Source,
            Fixed = NodePlaces.Beyond(space),
            Input = name,
            Output = name,
        };
        yield return new(scene, others, space.All, Says);
        yield return new(
            scene with { Path = Scene.Sent, Input = "" }, PacketSet.Of(space.AllFlows, ownNode), space.All, Says);
        if (places.NodeOf(space) is { } node)
            yield return new(scene with { Path = Scene.Received, Fixed = node, Output = "" }, others, space.All, Says);
    }

    private Bits Messages(params byte[] types) => space.FlowsWhere(flow =>
        flow.Transport == Flow.Icmpv6 && types.Contains((byte)flow.First));
}
