using System.Collections.Immutable;
using Palisade.Nftables;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Lower;

/// <summary>
/// A kernel set that gates look peers up in, without its elements: whose addresses it holds. One of the three lists has
/// something.
/// </summary>
internal sealed record PeerSet(SetDefinition Definition, AddressFamily Family)
{
    public ImmutableArray<PodSet> Pods { get; init; } = [];

    public ImmutableArray<BlockPeer> Blocks { get; init; } = [];

    public ImmutableArray<AddressSet> Addresses { get; init; } = [];

    /// <summary>Everything in it now. O(members).</summary>
    public ImmutableArray<Element> Elements(CompiledPolicy policy) => Blocks.IsEmpty
        ? [.. Members(policy).Select(address => new Element(AddressSets.KeyOf(address)))]
        :
        [
            .. AddressRange.Of(Blocks, Family).Select(range =>
                Element.Range(AddressSets.KeyOf(range.First), AddressSets.KeyOf(range.Last))),
        ];

    /// <summary>Whether a pod of a class at an address is meant by the pods of the set.</summary>
    public bool Holds(EndpointClass pods, Address address) => Pods.Any(set =>
        CompiledPolicy.IsIn(set, pods) && (set.Within is null || set.Within.Contains(address)));

    private IEnumerable<Address> Members(CompiledPolicy policy) => Pods.Length == 1
        ? policy.MemberAddresses(Pods[0], Family)
        : Pods.SelectMany(set => policy.MemberAddresses(set, Family))
            .Concat(Addresses.SelectMany(set => policy.MemberAddresses(set, Family))).Distinct().Order();
}

/// <summary>
/// The kernel sets that gates look peers up in, shared by all gates of a table. A set is named by what it means, not by
/// its members: pods that come and go change elements only. Pods' addresses lie in hash sets; address blocks, whose
/// members never change, in interval sets, so that a pod's change never touches an interval tree.
/// </summary>
internal sealed class AddressSets(SetNames names)
{
    private readonly SortedDictionary<string, PeerSet> _sets = new(StringComparer.Ordinal);

    /// <summary>The sets asked for, by name.</summary>
    public IReadOnlyDictionary<string, PeerSet> All => _sets;

    /// <summary>The set of the addresses of some pods in a family.</summary>
    public SetDefinition OfPods(ImmutableArray<PodSet> pods, AddressFamily family) =>
        Get($"pods{(int)family}", string.Join(", ", pods), family, isInterval: false, set => set with { Pods = pods });

    /// <summary>
    /// The set of all addresses in some blocks of a family, each without its own exceptions; null when there are none.
    /// </summary>
    public SetDefinition? OfBlocks(ImmutableArray<BlockPeer> blocks, AddressFamily family)
    {
        var own = blocks.Where(block => block.Block.Family == family).ToImmutableArray();
        return own.IsEmpty
            ? null
            : Get(
                $"cidr{(int)family}", string.Join(", ", own), family, isInterval: true,
                set => set with { Blocks = own });
    }

    /// <summary>The set of the addresses of some nodes and domain names in a family.</summary>
    public SetDefinition OfAddresses(ImmutableArray<AddressSet> addresses, AddressFamily family) => Get(
        $"addr{(int)family}", string.Join(", ", addresses), family, isInterval: false,
        set => set with { Addresses = addresses });

    /// <summary>Takes over what another collection was asked for, under the same names.</summary>
    public void Add(IEnumerable<PeerSet> sets)
    {
        foreach (var set in sets)
            _sets[set.Definition.Name] = set;
    }

    /// <summary>ipv4_addr or ipv6_addr.</summary>
    public static KeyType TypeOf(AddressFamily family) =>
        family == AddressFamily.V4 ? KeyType.Ipv4Address : KeyType.Ipv6Address;

    /// <summary>The bytes of an address.</summary>
    public static NftKey KeyOf(Address address) => new(address.ToBytes());

    private SetDefinition Get(
        string prefix, string meaning, AddressFamily family, bool isInterval, Func<PeerSet, PeerSet> of)
    {
        var name = names.Of(prefix, meaning);
        if (_sets.TryGetValue(name, out var known))
            return known.Definition;
        var definition = new SetDefinition(name, TypeOf(family))
        {
            IsInterval = isInterval,
            Comment = NftComment.Fit(meaning),
        };
        _sets[name] = of(new(definition, family));
        return definition;
    }
}
