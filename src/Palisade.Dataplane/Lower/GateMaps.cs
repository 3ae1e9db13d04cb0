using System.Collections.Immutable;
using Palisade.Dataplane.Network;
using Palisade.Nftables;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Lower;

/// <summary>
/// The verdict maps from a local pod's address to its gates; addresses of which nothing is stopped are not in them.
/// </summary>
internal static class GateMaps
{
    private static readonly ImmutableArray<Direction> Directions = [Direction.Egress, Direction.Ingress];
    private static readonly ImmutableArray<AddressFamily> Families = [AddressFamily.V4, AddressFamily.V6];

    /// <summary>
    /// The maps of ordinary connections, and those of connections that NetworkPolicies exempt if cluster policies stop
    /// any of them.
    /// </summary>
    public static ImmutableArray<NftSet> All(
        ImmutableArray<LocalPod> pods, PodInterfaces interfaces, GateChains chains)
    {
        var maps = ImmutableArray.CreateBuilder<NftSet>();
        var exempt = ImmutableArray.CreateBuilder<NftSet>();
        foreach (var direction in Directions)
        {
            foreach (var family in Families)
            {
                var gates = LocalPod.GatesByAddress(pods, direction, family);
                var (name, exemptName, word) = direction == Direction.Egress
                    ? (Names.Egress, Names.ExemptEgress, "egress")
                    : (Names.Ingress, Names.ExemptIngress, "ingress");
                maps.Add(OfAddresses(
                    $"{name}{(int)family}", $"a local pod's address, and its gate for {word}", family, gates,
                    chains.EntryOf));
                exempt.Add(OfAddresses(
                    $"{exemptName}{(int)family}",
                    $"a local pod's address, and its cluster policies for {word}, which exempt nothing", family, gates,
                    chains.ExemptOf));
            }
        }

        if (exempt.Any(map => !map.Elements.IsEmpty))
        {
            maps.AddRange(exempt);
            maps.Add(Links(pods, interfaces, chains));
        }

        return maps.ToImmutable();
    }

    private static NftSet OfAddresses(
        string name, string comment, AddressFamily family, SortedDictionary<Address, ImmutableArray<Gate>> gates,
        Func<ImmutableArray<Gate>, string?> chainOf) =>
        Map(name, comment, AddressSets.TypeOf(family), gates.Select(pair =>
            (AddressSets.KeyOf(pair.Key), chainOf(pair.Value))));

    /// <summary>
    /// The interfaces of local pods, for a source that does not say which pod it is: an interface of several pods
    /// allows what all of them are allowed.
    /// </summary>
    private static NftSet Links(ImmutableArray<LocalPod> pods, PodInterfaces interfaces, GateChains chains)
    {
        var gates = Families.SelectMany(family => LocalPod.GatesByAddress(pods, Direction.Egress, family))
            .ToDictionary(pair => pair.Key, pair => pair.Value);
        var links = interfaces.Sources.GroupBy(source => source.Interface, StringComparer.Ordinal).Select(link =>
            (Name: link.Key, Gates: link.SelectMany(source => gates.GetValueOrDefault(source.Address, []))
                .DistinctBy(gate => gate.Id).OrderBy(gate => gate.Id, StringComparer.Ordinal).ToImmutableArray()));
        return Map(
            Names.ExemptLinks, "a local pod's interface, and its cluster policies for egress", KeyType.InterfaceName,
            links.Where(link => !link.Gates.IsEmpty).OrderBy(link => link.Name, StringComparer.Ordinal)
                .Select(link => (NftKey.Interface(link.Name), chains.ExemptOf(link.Gates))));
    }

    private static NftSet Map(
        string name, string comment, KeyType key, IEnumerable<(NftKey Key, string? Chain)> elements) =>
        new(new(name, key) { IsVerdictMap = true, Comment = comment })
        {
            Elements =
            [
                .. elements.Where(e => e.Chain is not null)
                    .Select(e => new Element(e.Key) { Verdict = NftVerdict.Jump(e.Chain!) }),
            ],
        };
}
