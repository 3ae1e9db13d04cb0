using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Palisade.Nftables;
using Palisade.Policy.Compile;
using Palisade.Policy.Model;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Lower;

/// <summary>
/// The kernel sets that gates look peers up in, shared by all gates of a table. A set is named by what it means, not by
/// its members: pods that come and go change elements only. Pods' addresses lie in hash sets; address blocks, whose
/// members never change, in interval sets, so that a pod's change never touches an interval tree.
/// </summary>
internal sealed class AddressSets(CompiledPolicy policy)
{
    /// <summary>Readable part of a name. The hash that follows tells sets apart; this is for people.</summary>
    private const int ReadableLength = 40;

    /// <summary>Bytes of the hash in a name.</summary>
    private const int HashLength = 6;

    private readonly SortedDictionary<string, NftSet> _sets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _meanings = new(StringComparer.Ordinal);

    /// <summary>The sets asked for, by name.</summary>
    public IEnumerable<NftSet> All => _sets.Values;

    /// <summary>The set of the addresses of some pods in a family.</summary>
    public SetDefinition OfPods(ImmutableArray<PodSet> pods, AddressFamily family)
    {
        var meaning = string.Join(", ", pods);
        return Get($"pods{(int)family}", meaning, family, isInterval: false, () =>
        {
            IEnumerable<Address> addresses = pods.Length == 1
                ? policy.MemberAddresses(pods[0], family)
                : pods.SelectMany(set => policy.MemberAddresses(set, family)).Distinct().Order();
            return addresses.Select(address => new Element(KeyOf(address)));
        });
    }

    /// <summary>
    /// The set of all addresses in some blocks of a family, each without its own exceptions; null when there are none.
    /// </summary>
    public SetDefinition? OfBlocks(ImmutableArray<BlockPeer> blocks, AddressFamily family)
    {
        var own = blocks.Where(block => block.Block.Family == family).ToImmutableArray();
        return own.IsEmpty
            ? null
            : Get($"cidr{(int)family}", string.Join(", ", own), family, isInterval: true, () =>
                AddressRange.Of(own, family).Select(range => Element.Range(KeyOf(range.First), KeyOf(range.Last))));
    }

    /// <summary>The set of the addresses of some nodes and domain names in a family.</summary>
    public SetDefinition OfAddresses(ImmutableArray<AddressSet> addresses, AddressFamily family) =>
        Get($"addr{(int)family}", string.Join(", ", addresses), family, isInterval: false, () =>
            addresses.SelectMany(set => policy.MemberAddresses(set, family)).Distinct().Order()
                .Select(address => new Element(KeyOf(address))));

    /// <summary>ipv4_addr or ipv6_addr.</summary>
    public static KeyType TypeOf(AddressFamily family) =>
        family == AddressFamily.V4 ? KeyType.Ipv4Address : KeyType.Ipv6Address;

    /// <summary>The bytes of an address.</summary>
    public static NftKey KeyOf(Address address) => new(address.ToBytes());

    private SetDefinition Get(
        string prefix, string meaning, AddressFamily family, bool isInterval, Func<IEnumerable<Element>> elements)
    {
        var name = NameOf(prefix, meaning, HashLength);
        if (_meanings.TryGetValue(name, out var other) && other != meaning)
            name = NameOf(prefix, meaning, SHA256.HashSizeInBytes);
        _meanings[name] = meaning;
        if (_sets.TryGetValue(name, out var known))
            return known.Definition;
        var definition = new SetDefinition(name, TypeOf(family))
        {
            IsInterval = isInterval,
            Comment = NftComment.Fit(meaning),
        };
        _sets[name] = new(definition) { Elements = [.. elements()] };
        return definition;
    }

    /// <summary>
    /// prefix-readable-hash, of letters, digits and single hyphens. 48 bits of SHA-256 keep names short: among 10,000
    /// sets two of one name have a chance of 2·10⁻⁷. But one tenant could look for the name of another's set on
    /// purpose; then the second of the two takes the whole hash.
    /// </summary>
    private static string NameOf(string prefix, string meaning, int hashLength)
    {
        var name = new StringBuilder(prefix).Append('-');
        foreach (var letter in meaning)
        {
            if (name.Length >= prefix.Length + ReadableLength)
                break;
            if (char.IsAsciiLetterOrDigit(letter) || letter == '.')
                name.Append(letter);
            else if (letter == '*')
                name.Append("every");
            else if (name[^1] != '-')
                name.Append('-');
        }

        if (name[^1] != '-')
            name.Append('-');
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(meaning)).AsSpan(0, hashLength);
        return name.Append(Convert.ToHexStringLower(hash)).ToString();
    }
}
