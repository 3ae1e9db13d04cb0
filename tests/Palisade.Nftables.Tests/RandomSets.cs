using System.Collections.Immutable;
using System.Net;
using CsCheck;

namespace Palisade.Nftables.Tests;

/// <summary>
/// Random tables of sets: every kind of key our rulesets use, singly, as disjoint ranges, and concatenated.
/// </summary>
internal static class RandomSets
{
    private static readonly Gen<byte> Edge = Gen.Int[0, 3].Select(i => new byte[] { 0, 1, 254, 255 }[i]);

    private static readonly Gen<NftKey> V4 = Gen.Select(Gen.Byte[0, 3], Gen.Byte, Edge)
        .Select((a, b, c) => new NftKey([10, a, b, c]));

    private static readonly Gen<NftKey> V6 = Gen.Select(Gen.Byte[0, 3], Gen.Byte)
        .Select((a, b) => NftKey.Of(new IPAddress([0xfd, a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, b])));

    private static readonly Gen<NftKey> Name = Gen.String[Gen.Char["abyz09-."], 1, 15].Select(NftKey.Interface);

    private static readonly Gen<NftKey> Port = Gen.UShort.Select(NftKey.Port);

    private static readonly Gen<NftKey> Protocol = Gen.Byte.Select(NftKey.Byte);

    private static readonly Gen<NftSet> Single = Gen.OneOf(
        Of(KeyType.Ipv4Address, V4), Of(KeyType.Ipv6Address, V6), Of(KeyType.InterfaceName, Name),
        Of(KeyType.InetService, Port), Of(KeyType.InetProtocol, Protocol),
        Of(KeyType.Concatenate(KeyType.InterfaceName, KeyType.Ipv4Address), Pair(Name, V4)),
        Of(KeyType.Concatenate(KeyType.InterfaceName, KeyType.Ipv6Address), Pair(Name, V6)),
        Of(KeyType.Concatenate(KeyType.Ipv4Address, KeyType.Ipv4Address), Pair(V4, V4)),
        Of(KeyType.Concatenate(KeyType.Ipv6Address, KeyType.Ipv6Address), Pair(V6, V6)),
        Of(KeyType.Concatenate(KeyType.Ipv4Address, KeyType.InetProtocol, KeyType.InetService),
            Gen.Select(V4, Protocol, Port).Select((a, b, c) => NftKey.Concatenate(a, b, c))));

    private static readonly Gen<NftSet> Interval = Gen.OneOf(
        Ranges(KeyType.Ipv4Address, V4), Ranges(KeyType.Ipv6Address, V6), Ranges(KeyType.InetService, Port));

    private static readonly SetDefinition AddressAndPort =
        new("", KeyType.Concatenate(KeyType.Ipv4Address, KeyType.InetService)) { IsInterval = true };

    private static readonly Gen<NftSet> ConcatenatedInterval = Gen.Select(V4.Array[2], Port.Array[2])
        .Select((addresses, ports) => (Addresses: addresses.Order().ToArray(), Ports: ports.Order().ToArray()))
        .Select(ends => new NftSet(AddressAndPort)
        {
            Elements =
            [
                Element.Range(
                    NftKey.Concatenate(ends.Addresses[0], ends.Ports[0]),
                    NftKey.Concatenate(ends.Addresses[1], ends.Ports[1])),
            ],
        });

    internal static Gen<Ruleset> Table { get; } = Gen.OneOf(Single, Interval, ConcatenatedInterval).Array[1, 8]
        .Select(sets => new Ruleset(new(NftFamily.Inet, "palisade"))
        {
            Sets = [.. sets.Select((set, i) => set with { Definition = set.Definition with { Name = $"set-{i}" } })],
        });

    private static Gen<NftKey> Pair(Gen<NftKey> first, Gen<NftKey> second) =>
        Gen.Select(first, second).Select((a, b) => NftKey.Concatenate(a, b));

    private static Gen<NftSet> Of(KeyType type, Gen<NftKey> keys) =>
        Gen.Select(keys.Array[0, 12], Gen.Bool, Gen.Bool).Select((chosen, map, commented) =>
        {
            var comment = commented ? "why" : null;
            var elements = chosen.Distinct().Select(key => new Element(key)
            {
                Verdict = map ? NftVerdict.Drop : null,
                Comment = comment,
            });
            return new NftSet(new("", type) { IsVerdictMap = map, Comment = comment }) { Elements = [.. elements] };
        });

    /// <summary>Sorted keys taken in pairs are disjoint ranges; some touch.</summary>
    private static Gen<NftSet> Ranges(KeyType type, Gen<NftKey> keys) => keys.Array[0, 16].Select(chosen =>
    {
        var sorted = chosen.Distinct().Order().ToArray();
        var elements = sorted.Chunk(2).Where(ends => ends.Length == 2).Select(ends => Element.Range(ends[0], ends[1]));
        return new NftSet(new("", type) { IsInterval = true }) { Elements = [.. elements] };
    });
}
