using System.Collections.Immutable;
using System.Diagnostics;
using Palisade.Dataplane.Network;
using Palisade.Dataplane.Proof.Frames;
using Palisade.Dataplane.Proof.Kernel;
using Palisade.Dataplane.Proof.Space;
using Palisade.Nftables;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Proof;

/// <summary>
/// Compares the table that a node's kernel has with what the policies say, on every cell. The kernel's side is read and
/// interpreted by code that shares nothing with what wrote it; the policies' side is what the evaluator asks.
/// </summary>
public sealed class Prover
{
    private const string TableName = "palisade";
    private readonly KernelTable? _table;
    private readonly KernelTable? _bridge;
    private readonly TimeSpan _reading;

    private Prover(KernelTable? table, KernelTable? bridge, TimeSpan reading) =>
        (_table, _bridge, _reading) = (table, bridge, reading);

    /// <summary>
    /// Reads the kernel's table: some ms for thousands of elements. The comparison can then be done anywhere.
    /// </summary>
    /// <exception cref="Nftables.Kernel.KernelException">The kernel refused, or the table does not stop changing.
    /// </exception>
    /// <exception cref="FormatException">The kernel's answer cannot be read.</exception>
    public static Prover Read(NftSocket socket)
    {
        var began = Stopwatch.GetTimestamp();
        return new(
            TableReader.Read(socket, NftFamily.Inet, TableName), TableReader.Read(socket, NftFamily.Bridge, TableName),
            Stopwatch.GetElapsedTime(began));
    }

    /// <summary>
    /// Compares. O(cells of one pod × pods), by the word: seconds for 100,000 addresses and 110 pods.
    /// </summary>
    /// <param name="policy">The policy that should be in force.</param>
    /// <param name="node">The node's name.</param>
    /// <param name="network">What the node's network stack says.</param>
    /// <param name="settings">What the node's administrator says.</param>
    /// <param name="cancel">Ends it early.</param>
    public NodeProof Prove(
        CompiledPolicy policy, string node, NodeNetwork network, NodeSettings settings,
        CancellationToken cancel = default)
    {
        var began = Stopwatch.GetTimestamp();
        var here = policy.Nodes.FirstOrDefault(n => n.Name == node);
        var pods = Enumerable.Range(0, policy.EndpointLimit).Select(policy.EndpointAt)
            .Where(pod => pod is { HostNetwork: false } && pod.Node == node).Select(pod => pod!).ToList();
        var interfaces = PodInterfaces.Of(network, pods, here, settings);
        var ends = new LocalEnds(policy, node, interfaces);
        var places = NodePlaces.Of(
            interfaces, pods.SelectMany(pod => pod.Addresses), network.OwnAddresses.Select(own => own.Address),
            here?.Addresses ?? []);
        var (cells, different) = (0L, 0L);
        var differences = new List<Difference>();
        if (_table is null)
        {
            different++;
            differences.Add(
                new(DifferenceKind.NoTable, 1, null, "the node enforces policies", "has no table inet palisade"));
        }
        else
        {
            var texts = new WitnessText(policy, node, ends);
            foreach (var family in (AddressFamily[])[AddressFamily.V4, AddressFamily.V6])
            {
                var comparer = Compare(_table, policy, family, ends, places, settings, texts, cancel);
                cells += comparer.Cells;
                different += comparer.DifferentCells;
                differences.AddRange(comparer.Differences);
            }
        }

        var ports = PortProof.Compare(_bridge, interfaces.Bridged, settings.Mode);
        cells += ports.Cells;
        different += ports.Different;
        differences.AddRange(ports.Differences);
        return new()
        {
            Node = node,
            Cells = cells,
            Took = _reading + Stopwatch.GetElapsedTime(began),
            // Leaks first, and of them those that a policy names: agents tell only the first few.
            Differences = [.. differences.OrderBy(d => d.Kind).Take(NodeProof.DifferenceLimit)],
            DifferentCells = different,
            NotCompared = [.. NotCompared(ends, places)],
        };
    }

    private static Comparer Compare(
        KernelTable table, CompiledPolicy policy, AddressFamily family, LocalEnds ends, NodePlaces places,
        NodeSettings settings, WitnessText texts, CancellationToken cancel)
    {
        var borders = new Borders();
        AddBorders(borders, policy, places);
        borders.Add(table);
        var atoms = borders.AtomsOf(family);
        var side = new PolicySide(policy, atoms, ends);
        var gates = ends.Ends.SelectMany(end => end.Ingress.Concat(end.Egress))
            .DistinctBy(gate => gate.Id);
        side.AddBorders(borders, gates);
        var space = new PacketSpace(atoms, borders, table, places.Own);
        var reachable = places.Own.Where(address => address.Family == family && FixedClaims.IsReachable(address));
        var ownNode = space.Atoms.Of(reachable).Except(space.Atoms.Of(ends.Contested));
        var names = borders.Interfaces;
        var comparer = new Comparer(space, settings.Mode, texts);
        var claims = new GateClaims(space, side, ends, places, ownNode, settings).All()
            .Concat(new FixedClaims(space, places, names, ownNode).All());
        foreach (var claim in claims)
        {
            cancel.ThrowIfCancellationRequested();
            comparer.Compare(claim);
        }

        return comparer;
    }

    private static void AddBorders(Borders borders, CompiledPolicy policy, NodePlaces places)
    {
        PacketSpace.AddBorders(borders);
        FixedClaims.AddBorders(borders);
        for (var id = 0; id < policy.EndpointLimit; id++)
        {
            foreach (var address in policy.EndpointAt(id)?.Addresses ?? [])
                borders.Add(address);
        }

        foreach (var address in policy.Nodes.SelectMany(node => node.Addresses).Concat(places.Own)
            .Concat(places.Links.Values.Concat(places.Bridges.Values).SelectMany(link => link)))
            borders.Add(address);
        foreach (var family in (AddressFamily[])[AddressFamily.V4, AddressFamily.V6])
        {
            for (var atom = 0; atom < policy.Atoms.Count(family); atom++)
            {
                var (first, last) = policy.Atoms.Bounds(family, atom);
                borders.Add(first, last);
            }
        }
    }

    private static IEnumerable<string> NotCompared(LocalEnds ends, NodePlaces places)
    {
        foreach (var address in ends.Contested.Where(places.LocalAddresses.Contains).Order())
            yield return $"{address}: a pod and a node have it";
        foreach (var end in ends.Ends.Where(end => end.Link is null))
        {
            var pods = string.Join(" and ", end.Pods.AsEnumerable());
            yield return $"{pods} at {end.Address}: what it sends, for no interface is known to be its";
        }

        if (places.Uplinks.IsEmpty)
            yield return "connections from and to other machines: no interface leads out of the node";
    }
}
