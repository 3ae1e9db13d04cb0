using System.Collections.Immutable;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Proof.Kernel;
using Palisade.Dataplane.Proof.Space;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Proof;

/// <summary>
/// What policies claim about packets from and to the pods of a node: the half of each connection that this node judges,
/// both halves where both ends are here.
/// </summary>
internal sealed class GateClaims(
    PacketSpace space, PolicySide policy, LocalEnds ends, NodePlaces places, Bits ownNode, NodeSettings settings)
{
    private readonly ImmutableArray<LocalEnd> _ends =
        [.. ends.Ends.Where(end => end.Address.Family == space.Family)];

    private readonly Bits _others = space.Forwardable.Except(space.Atoms.Of(ends.OwnersOf
        .Where(pair => places.LocalAddresses.Contains(pair.Key) || ends.Contested.Contains(pair.Key))
        .Select(pair => pair.Key)));

    /// <summary>Everything but the node's own; neighbour discovery of pods ends at the node.</summary>
    private readonly Bits _notRogue = space.FlowsWhere(flow => !FixedClaims.IsDiscovery(flow));

    public IEnumerable<Claim> All()
    {
        foreach (var end in _ends)
        {
            var claims = FromOutside(end).Concat(ToOutside(end)).Concat(WithNode(end)).Concat(Odd(end));
            foreach (var claim in claims.SelectMany(Variants))
                yield return claim;
            foreach (var other in end.Link is null ? [] : _ends.Where(other => other.Link is not null))
            {
                var claim = Between(end, other);
                // From a pod to itself there is no way but through a service.
                if (end != other)
                    yield return claim;
                yield return Translated(claim);
            }
        }
    }

    /// <summary>
    /// A claim about packets of a connection, the same through a service, and what becomes of them when it has been
    /// cut, or when conntrack has not seen it begin.
    /// </summary>
    private IEnumerable<Claim> Variants(Claim claim)
    {
        yield return claim;
        if (claim.Scene.Path != Scene.Forwarded)
            yield break;
        if (claim.Scene.State is PacketState.New or PacketState.Established)
            yield return Translated(claim);
        if (settings.Mode != EnforcementMode.Enforce)
            yield break;
        if (claim.Scene.State is PacketState.New or PacketState.Established)
        {
            yield return claim with
            {
                Scene = claim.Scene with { IsCut = true },
                Allowed = PacketSet.None,
                Rule = "a connection that was cut carries nothing more",
            };
        }

        var isClosed = _ends.Any(end => end.Address == claim.Scene.Fixed && IsClosed(end));
        if (isClosed && claim.Scene.State == PacketState.New && !settings.AdmitsMidstream)
        {
            yield return claim with
            {
                Scene = claim.Scene with { IsMidstream = true },
                Allowed = claim.Allowed.Intersect(
                    PacketSet.Of(space.FlowsWhere(flow => flow.Transport != Flow.Tcp), space.Atoms.All)),
                Rule = "TCP whose beginning was not seen does not pass gates",
            };
        }
    }

    /// <summary>
    /// The same packets, sent to a service's address and leaving with the node's: a chain sees the pods' own only
    /// between the two translations.
    /// </summary>
    private Claim Translated(Claim claim) => claim with
    {
        Scene = claim.Scene with { Service = places.ServiceOf(space), Masquerade = places.NodeOf(space) },
    };

    private static bool IsClosed(LocalEnd end) => end.IsClosed(Direction.Ingress) || end.IsClosed(Direction.Egress);

    private IEnumerable<Claim> FromOutside(LocalEnd end)
    {
        foreach (var uplink in end == _ends[0] ? places.Uplinks : places.Uplinks.Take(1))
        {
            foreach (var (state, reply) in FixedClaims.States)
            {
                yield return new(
                    new()
                    {
                        Path = Scene.Forwarded,
                        Open = AddressEnd.Source,
                        Fixed = end.Address,
                        Input = uplink,
                        Output = end.Link ?? uplink,
                        State = state,
                        IsReply = reply,
                    },
                    PacketSet.Of(space.AllFlows, _others), Half(end, Direction.Ingress, state), Rule(state));
            }
        }
    }

    private IEnumerable<Claim> ToOutside(LocalEnd end)
    {
        if (end.Link is null)
            yield break;
        foreach (var uplink in end == _ends[0] ? places.Uplinks : places.Uplinks.Take(1))
        {
            foreach (var (state, reply) in FixedClaims.States)
            {
                yield return new(
                    new()
                    {
                        Path = Scene.Forwarded,
                        Open = AddressEnd.Destination,
                        Fixed = end.Address,
                        Input = end.Link,
                        Output = uplink,
                        State = state,
                        IsReply = reply,
                    },
                    PacketSet.Of(space.AllFlows, _others), Sent(Half(end, Direction.Egress, state)), Rule(state));
            }
        }
    }

    /// <summary>From the pod's own node, which no NetworkPolicy stops, and to it.</summary>
    private IEnumerable<Claim> WithNode(LocalEnd end)
    {
        foreach (var state in (PacketState[])[PacketState.New, PacketState.Established])
        {
            var scene = new Scene
            {
                Path = Scene.Sent,
                Open = AddressEnd.Source,
                Fixed = end.Address,
                Output = end.Link ?? places.Uplinks.FirstOrDefault("lo"),
                State = state,
                HopLimit = 64,
            };
            var packets = PacketSet.Of(space.AllFlows, ownNode);
            yield return new(scene, packets, Exempt(end, Direction.Ingress, state), Rule(state));
            if (end.Link is null)
                continue;
            scene = scene with { Path = Scene.Received, Open = AddressEnd.Destination, Input = end.Link, Output = "" };
            var allowed = Sent(Exempt(end, Direction.Egress, state));
            yield return new(scene, packets.Except(Tunnels()), allowed, Rule(state));
            yield return new(
                scene, packets.Intersect(Tunnels()), PacketSet.None, "a pod does not reach its node's tunnels");
        }
    }

    /// <summary>
    /// What nobody tracks has no connection to belong to; a node's own DNS cache is made that way. What fits no
    /// connection does not pass from there either.
    /// </summary>
    private IEnumerable<Claim> Odd(LocalEnd end)
    {
        var packets = PacketSet.Of(space.AllFlows, space.Atoms.Of(places.Announced));
        // Without an uplink nothing comes from elsewhere or goes there, and the loopback has no gates.
        var uplink = places.Uplinks.FirstOrDefault();
        foreach (var (state, allowed, says) in new[]
        {
            (PacketState.Untracked, space.All, "untracked packets pass from and to the addresses of the pod's node"),
            (PacketState.Invalid, PacketSet.None, "what fits no connection passes no closed gate"),
        })
        {
            var scene = new Scene
            {
                Path = [Hook.Postrouting],
                Open = AddressEnd.Source,
                Fixed = end.Address,
                Input = uplink ?? "lo",
                Output = end.Link ?? uplink ?? "",
                State = state,
            };
            // One of several that only cluster policies concern judges untracked packets as any other.
            var isTold = state == PacketState.Invalid || end.Pods.Length == 1;
            if (isTold && end.IsClosed(Direction.Ingress) && scene.Output.Length > 0)
                yield return new(scene, packets, allowed, says);
            if (!isTold || end.Link is null || uplink is null || !end.IsClosed(Direction.Egress))
                continue;
            scene = scene with { Open = AddressEnd.Destination, Input = end.Link, Output = uplink };
            yield return new(scene, packets, allowed, says);
        }
    }

    private PacketSet Tunnels() => PacketSet.Of(space.FlowsWhere(FixedClaims.IsTunnel), space.Atoms.All);

    /// <summary>Both ends are here; from a pod to itself it is a packet that came back from a service.</summary>
    private Claim Between(LocalEnd from, LocalEnd to)
    {
        var (source, target) = (space.Atoms.AtomOf(from.Address.Bits), space.Atoms.AtomOf(to.Address.Bits));
        var self = from == to;
        var flows = Flows(from, Direction.Egress, target, self).And(Flows(to, Direction.Ingress, source, self));
        return new(
            new()
            {
                Path = Scene.Forwarded,
                Open = AddressEnd.Destination,
                Fixed = from.Address,
                Input = from.Link!,
                Output = to.Link!,
                IsBridged = from.Link == to.Link && places.Bridges.ContainsKey(from.Link!),
            },
            PacketSet.Of(space.AllFlows, Bits.One(target)),
            PacketSet.Of(flows.And(_notRogue), Bits.One(target)), null);
    }

    /// <summary>The flows that the gates of an end let through with one peer.</summary>
    private Bits Flows(LocalEnd end, Direction direction, int peer, bool exempt)
    {
        var flows = space.AllFlows;
        foreach (var gate in end.GatesOf(direction).Where(gate => !exempt || !gate.ClusterPolicies.IsEmpty))
            flows = flows.And(space.FlowsIn(policy.PortsAt(gate, peer, exempt)));
        return flows;
    }

    private PacketSet Exempt(LocalEnd end, Direction direction, PacketState state)
    {
        if (state == PacketState.Established || end.GatesOf(direction).All(gate => gate.ClusterPolicies.IsEmpty))
            return space.All;
        var allowed = PacketSet.None;
        foreach (var atom in ownNode.Numbers())
            allowed = allowed.Union(PacketSet.Of(Flows(end, direction, atom, exempt: true), Bits.One(atom)));
        return allowed;
    }

    /// <summary>Which peers' packets a pod's half of the policy lets through.</summary>
    private PacketSet Half(LocalEnd end, Direction direction, PacketState state)
    {
        if (state == PacketState.Established || end.GatesOf(direction) is [])
            return space.All;
        var allowed = end.GatesOf(direction).Select(gate => policy.Allowed(gate, space))
            .Aggregate((one, other) => one.Intersect(other));
        return state switch
        {
            PacketState.Invalid when end.IsClosed(direction) => PacketSet.None,
            PacketState.Untracked when end.IsClosed(direction) => PacketSet.Of(space.AllFlows, ownNode),
            PacketState.Related => allowed.Union(PacketSet.Of(
                space.FlowsWhere(flow => flow.Transport is Flow.Icmp or Flow.Icmpv6), space.Atoms.All)),
            _ => allowed,
        };
    }

    private PacketSet Sent(PacketSet allowed) => allowed.Intersect(PacketSet.Of(_notRogue, space.Atoms.All));

    private static string? Rule(PacketState state) =>
        state == PacketState.Established ? "what was allowed when it began goes on" : null;
}
