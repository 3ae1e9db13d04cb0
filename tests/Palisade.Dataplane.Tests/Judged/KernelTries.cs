using Palisade.Dataplane.Tests.World;
using Palisade.Policy.Evaluate;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;
using Palisade.Tests.Shared;

namespace Palisade.Dataplane.Tests.Judged;

/// <summary>Turns probes into packets: who sends and who should receive in a <see cref="PacketWorld"/>.</summary>
internal static class KernelTries
{
    /// <summary>
    /// The attempt of a probe; null when no packet can carry it (no address of the family, both ends beyond, a node to
    /// itself …). A pod that meets itself on the node's wire has come back to itself through a service.
    /// </summary>
    public static Attempt? Of(PacketWorld world, Probe probe)
    {
        if (Resolve(world, probe.From, probe.Family) is not var (from, source)
            || Resolve(world, probe.To, probe.Family) is not var (to, destination))
            return null;
        var meets = from != to || (from.Pod is not null && source == destination);
        var possible = meets && IsOrdinary(source) && IsOrdinary(destination);
        return possible ? new(from, source, to, destination, probe.Protocol, probe.Port) : null;
    }

    private static (Place Place, Address Address)? Resolve(PacketWorld world, ProbeEnd end, AddressFamily family)
    {
        var cluster = world.Cluster;
        for (var i = 0; i < cluster.Endpoints.Length; i++)
        {
            var pod = cluster.Endpoints[i];
            var isIt = end.Address is { } given
                ? !pod.HostNetwork && pod.Addresses.Contains(given)
                : (pod.Namespace, pod.Name) == (end.Namespace, end.Pod);
            if (isIt)
                return AtPod(world, pod, i, end.Address ?? pod.AddressOf(family));
        }

        foreach (var node in cluster.Nodes)
        {
            if (end.Address is { } address && node.Addresses.Contains(address))
                return world.PlaceOf(node.Name) is { } place ? (new(null, place), address) : null;
        }

        return end.Address is { } beyond ? (Place.Beyond, beyond) : null;
    }

    private static (Place, Address)? AtPod(PacketWorld world, Endpoint pod, int index, Address? address)
    {
        if (address is not { } known)
            return null;
        if (pod.HostNetwork)
            return world.PlaceOf(pod.Node) is { } node ? (new(null, node), known) : null;
        return world.PlaceOf(index) is { } place ? (new(place, null), known) : null;
    }

    /// <summary>Unicast, and meaning the same on every machine.</summary>
    private static bool IsOrdinary(Address address) => address.Family == AddressFamily.V4
        ? (uint)(address.Bits >> 24) is > 0 and < 224 and not 127 && !Cidr.Parse("169.254.0.0/16").Contains(address)
        : Cidr.Parse("2000::/3").Contains(address) || Cidr.Parse("fc00::/7").Contains(address);

    /// <summary>What the evaluator says about the packet of an attempt, by its addresses.</summary>
    public static bool Allows(Evaluator evaluator, Attempt attempt) => evaluator.Verdict(new(
        evaluator.Parties.OfAddress(attempt.Source), evaluator.Parties.OfAddress(attempt.Destination),
        attempt.Protocol, attempt.Port)
    {
        ThroughService = attempt.Source == attempt.Destination,
    }) == Verdict.Allow;
}
