using System.Collections.Immutable;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Policy.Evaluate;

/// <summary>The first rule of a tier that matches, and what it does.</summary>
internal readonly record struct TierMatch(RuleMatch Rule, ClusterAction Action);

/// <summary>
/// Follows one side of one connection through the rules of a gate: which matched, and how far the others were off.
/// </summary>
internal sealed class RuleTrace
{
    private readonly CompiledPolicy _policy;
    private readonly Connection _connection;
    private readonly Party _peer;
    private readonly int _peerClass;
    private readonly AddressAtom? _atom;
    private readonly int _destinationClass;

    public RuleTrace(CompiledPolicy policy, Connection connection, Direction direction)
    {
        (_policy, _connection) = (policy, connection);
        _peer = direction == Direction.Ingress ? connection.From : connection.To;
        _peerClass = _peer.ClassIn(policy);
        _atom = policy.AtomOf(_peer.Address);
        _destinationClass = connection.To.ClassIn(policy);
    }

    public RuleMatch? FirstMatch(Gate gate)
    {
        foreach (var rule in gate.Rules)
        {
            if (Match(rule.Rule) is { } match)
                return match;
        }

        return null;
    }

    public TierMatch? FirstMatch(ImmutableArray<TierRule> tier)
    {
        foreach (var rule in tier)
        {
            if (Match(rule.Gate.Rule) is { } match)
                return new(match with { FailsClosed = rule.FailsClosed }, rule.Action);
        }

        return null;
    }

    private RuleMatch? Match(CompiledRule rule)
    {
        var (peer, port) = (FirstPeer(rule), FirstPort(rule.Ports));
        var (policy, direction, index) = rule.Ref;
        return (rule.Peers.IsEmpty || peer >= 0) && (rule.Ports.IsEmpty || port >= 0)
            ? new(
                policy, direction, index, rule.Peers.IsEmpty ? null : peer, rule.Ports.IsEmpty ? null : port,
                rule.Origin)
            : null;
    }

    public ImmutableArray<NearMiss> NearMisses(Gate gate, int limit)
    {
        var misses = new List<(int Distance, NearMiss Miss)>();
        foreach (var rule in gate.Rules)
            misses.Add(Miss(gate.Policies.First(p => p.Name == rule.Rule.Ref.Policy.Name), rule.Rule));
        return [.. misses.OrderBy(m => m.Distance).Take(limit).Select(m => m.Miss)];
    }

    private (int Distance, NearMiss Miss) Miss(NetworkPolicy policy, CompiledRule rule)
    {
        var (_, direction, index) = rule.Ref;
        var source = policy.Rules(direction)[index];
        var failed = new List<FailedPart>();
        var texts = new List<string>();
        int? peer = null, port = null;
        var distance = 0;
        if (!rule.Peers.IsEmpty && FirstPeer(rule) < 0)
        {
            var closest = source.Peers.Select((p, i) => Describe(policy, p, i)).MinBy(miss => miss.Distance);
            failed.Add(closest.Failed);
            texts.Add(closest.Text);
            (peer, distance) = (closest.Index, 10 + closest.Distance);
        }

        if (!source.AnyPort && FirstPort(rule.Ports) < 0)
        {
            var (part, portIndex, text) = DescribePorts(source.Ports);
            failed.Add(part);
            texts.Add(text);
            (port, distance) = (portIndex, distance + 10);
        }

        var miss = new NearMiss(
            policy, direction, index, peer, port, [.. failed], string.Join("; ", texts), rule.Origin);
        return (distance, miss);
    }

    private int FirstPeer(CompiledRule rule)
    {
        for (var i = 0; i < rule.Peers.Length; i++)
        {
            if (rule.Peers[i].Matches(_peerClass, _atom))
                return rule.Peers[i].Index;
        }

        return -1;
    }

    private int FirstPort(ImmutableArray<CompiledPort> ports)
    {
        for (var i = 0; i < ports.Length; i++)
        {
            if (Matches(ports[i]))
                return i;
        }

        return -1;
    }

    private bool Matches(CompiledPort port)
    {
        if (port.Numbers.Contains(_connection.Protocol, _connection.Port))
            return true;
        foreach (var name in port.Names)
        {
            if (_policy.NumbersOf(_destinationClass, name).Contains(_connection.Protocol, _connection.Port))
                return true;
        }

        return false;
    }

    private PortSet Numbers(PolicyPort port) => port.Name is { } name
        ? _policy.NumbersOf(_destinationClass, new(name, port.Protocol))
        : PortSet.Of(port.Protocol, new PortRange(port.First, port.Last));

    private PeerMiss Describe(NetworkPolicy policy, PolicyPeer peer, int index) => peer switch
    {
        PodPeer pods => new MissText(_policy).Of(policy, pods, index, _peer),
        BlockPeer block => new MissText(_policy).Of(block, index, _peer),
        _ => throw new ArgumentException($"unknown peer {peer.GetType().Name} in {policy}"),
    };

    private (FailedPart Failed, int? Port, string Text) DescribePorts(ImmutableArray<PolicyPort> ports)
    {
        if (_connection.Protocol == Protocol.Other)
        {
            const string why = "a protocol without ports, such as ICMP, is matched only by rules without ports";
            return (FailedPart.Port, null, why);
        }

        var unresolved = ports.Select((port, i) => (port, i))
            .Where(p => p.port.Name is not null && Numbers(p.port).IsEmpty).ToList();
        if (unresolved.Count == ports.Length)
        {
            var names = string.Join(", ", unresolved.Select(p => $"{p.port.Name}/{p.port.Protocol.Spelling()}"));
            var destination = new MissText(_policy).Name(_connection.To);
            return (FailedPart.PortName, unresolved[0].i, $"{destination} declares no port {names}");
        }

        var wanted = string.Join(", ", ports.Select(p => MissText.Port(p, Numbers(p))));
        var asked = $"port {_connection.Port}/{_connection.Protocol.Spelling()}";
        return (FailedPart.Port, ports.Length == 1 ? 0 : null, $"{asked} is not among {wanted}");
    }
}
