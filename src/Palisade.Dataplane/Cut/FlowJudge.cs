using System.Collections.Immutable;
using Palisade.Dataplane.Network;
using Palisade.Nftables;
using Palisade.Nftables.Flows;
using Palisade.Policy.Compile;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Cut;

/// <summary>
/// Whether policies allow a connection that is under way, as the gates of this node would judge its first packet now:
/// by its source before source translation, its destination and port after destination translation, and only the
/// sides of pods of this node. Of the time at which it was made; about 0.1 µs a connection.
/// </summary>
internal sealed class FlowJudge
{
    /// <summary>Where Linux begins to take ports of clients from (net.ipv4.ip_local_port_range).</summary>
    private const ushort FirstClientPort = 32768;

    // It takes in every pod of the cluster: not before there is a connection to judge.
    private readonly Lazy<Evaluator> _evaluator;
    private readonly Dictionary<PacketAddress, int[]> _pods = [];
    private readonly HashSet<PacketAddress> _own;
    private readonly HashSet<PacketAddress> _former;
    private readonly Lazy<FlowJudge> _lenient;

    /// <param name="policy">What is to hold.</param>
    /// <param name="node">The node's name.</param>
    /// <param name="own">Addresses of the node itself, those included that the cluster does not know.</param>
    /// <param name="former">
    /// Addresses that domain names had: connections to them go on as if they still did. Where one would end otherwise
    /// the policy is compiled once more, with them.
    /// </param>
    public FlowJudge(
        CompiledPolicy policy, string node, IReadOnlyCollection<Address> own, ImmutableArray<DomainName> former)
    {
        _evaluator = new(() => new(policy), isThreadSafe: false);
        _former = [.. former.SelectMany(name => name.Addresses).Select(PacketWords.InPackets)];
        _lenient = new(() => new(PolicyCompiler.Compile(WithNames(policy.Snapshot, former)), node, own, []));
        _own = [.. own.Select(PacketWords.InPackets)];
        for (var id = 0; id < policy.EndpointLimit; id++)
        {
            if (policy.EndpointAt(id) is not { HostNetwork: false } pod || pod.Node != node)
                continue;
            // An address that several pods claim is allowed what all of them are.
            foreach (var address in pod.Addresses.Select(PacketWords.InPackets))
                _pods[address] = [.. _pods.GetValueOrDefault(address, []), id];
        }
    }

    /// <summary>Where no names had other addresses.</summary>
    public FlowJudge(CompiledPolicy policy, string node, IEnumerable<Address> own)
        : this(policy, node, [.. own], [])
    {
    }

    /// <summary>Whether an end of the connection is a pod of this node; others are not judged here.</summary>
    public bool Concerns(in FlowTuple original, in FlowTuple reply) =>
        _pods.ContainsKey(original.Source) || _pods.ContainsKey(reply.Source);

    /// <summary>Whether it may go on.</summary>
    /// <param name="original">Its first packet's direction.</param>
    /// <param name="reply">The other: its source is who was really reached, its source port where.</param>
    /// <param name="takenUp">
    /// Nobody saw it begin: then the end whose port is no client's is the one that was reached, and if both or neither
    /// are, either direction that is allowed will do.
    /// </param>
    public bool Allows(in FlowTuple original, in FlowTuple reply, bool takenUp) =>
        AllowsNow(original, reply, takenUp)
        || (_former.Count > 0 && (_former.Contains(reply.Source) || (takenUp && _former.Contains(original.Source)))
            && _lenient.Value.AllowsNow(original, reply, takenUp));

    private bool AllowsNow(in FlowTuple original, in FlowTuple reply, bool takenUp)
    {
        var (from, to) = (original.Source, reply.Source);
        var (protocol, port) = (
            PacketWords.ProtocolOf(original.Protocol), original.IsIcmp ? (ushort)0 : reply.SourcePort);
        if (!takenUp)
            return Allows(from, to, protocol, port);
        var (isClient, isServed) = (original.SourcePort >= FirstClientPort, port >= FirstClientPort);
        if (isClient != isServed)
            return isClient ? Allows(from, to, protocol, port) : Allows(to, from, protocol, original.SourcePort);
        return Allows(from, to, protocol, port) || Allows(to, from, protocol, original.SourcePort);
    }

    private bool Allows(PacketAddress from, PacketAddress to, Protocol protocol, ushort port) =>
        Allows(from, Direction.Egress, to, protocol, port) && Allows(to, Direction.Ingress, from, protocol, port);

    private bool Allows(PacketAddress pod, Direction direction, PacketAddress peer, Protocol protocol, ushort port)
    {
        if (!_pods.TryGetValue(pod, out var ids))
            return true;
        var (address, exempt) = (peer.InPolicies(), _own.Contains(peer) || peer == pod);
        foreach (var id in ids)
        {
            if (!_evaluator.Value.Allows(id, direction, address, exempt, protocol, port))
                return false;
        }

        return true;
    }

    private static ClusterSnapshot WithNames(ClusterSnapshot cluster, ImmutableArray<DomainName> more) =>
        ClusterSnapshot.Of(
            cluster.Namespaces, cluster.Endpoints, cluster.NetworkPolicies, cluster.Services, cluster.Nodes,
            cluster.ClusterNetworkPolicies, cluster.DomainNames.Concat(more));
}
