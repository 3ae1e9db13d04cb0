using System.Buffers.Binary;
using System.Collections.Immutable;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Dns;

/// <summary>What a message asks, or repeats of what was asked.</summary>
/// <param name="Name">As <see cref="DnsName"/> writes it.</param>
/// <param name="Type">A (1), AAAA (28), ANY (255) or another.</param>
internal readonly record struct DnsQuestion(string Name, ushort Type);

/// <summary>An address, or another name, that belongs to a name.</summary>
/// <param name="Owner">As <see cref="DnsName"/> writes it.</param>
/// <param name="Lifetime">How long it may be believed.</param>
/// <param name="Address">Null: an alias.</param>
/// <param name="Alias">The canonical name of a CNAME; null: an address.</param>
internal readonly record struct DnsRecord(string Owner, TimeSpan Lifetime, Address? Address, string? Alias);

/// <summary>
/// A query or an answer of the domain name system with one question of class IN, as far as addresses go. Whatever the
/// bytes are, reading ends and throws nothing.
/// </summary>
/// <remarks>
/// header, big-endian: id u16 · flags u16: answer 0x8000, operation 0x7800, truncated 0x0200, code 0x000f · number of
///   questions, answers, authorities, additional records u16 each
/// question: name · type u16 · class u16      record: name · type u16 · class u16 · seconds u32 · length u16 · bytes
/// Source: RFC 1035 §4.1; AAAA RFC 3596; seconds with the high bit set mean zero, RFC 2181 §8.
/// </remarks>
internal sealed record DnsMessage(
    ushort Id, bool IsAnswer, bool IsGood, DnsQuestion Question, ImmutableArray<DnsRecord> Records)
{
    public const ushort TypeA = 1;
    public const ushort TypeAlias = 5;
    public const ushort TypeAaaa = 28;
    public const ushort TypeAny = 255;

    private const int HeaderLength = 12;
    private const ushort Internet = 1;
    private const int MostAliases = 16;

    /// <summary>Reads a message; false when it is none, asks not one question, or is cut off and does not say so.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out DnsMessage message)
    {
        message = new(0, false, false, default, []);
        if (bytes.Length < HeaderLength || BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]) != 1)
            return false;
        var flags = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        var at = HeaderLength;
        if ((flags & 0x7800) != 0 || !DnsName.TryRead(bytes, ref at, out var name) || at + 4 > bytes.Length
            || BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 2)..]) != Internet)
            return false;
        var question = new DnsQuestion(name, BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]));
        at += 4;
        var isAnswer = (flags & 0x8000) != 0;
        var records = ImmutableArray.CreateBuilder<DnsRecord>();
        var isWhole = !isAnswer
            || TryReadRecords(bytes, at, BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]), records);
        // Of a truncated answer what is there is true, and some clients take it.
        if (!isWhole && (flags & 0x0200) == 0)
            return false;
        var id = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        message = new(id, isAnswer, (flags & 0xf) == 0, question, records.ToImmutable());
        return true;
    }

    /// <summary>
    /// The addresses that the answer gives to the name that was asked for, by itself or by way of the aliases in it, of
    /// the type that was asked for. Each is believed as long as everything that leads to it.
    /// </summary>
    public IEnumerable<(Address Address, TimeSpan Lifetime)> Addresses()
    {
        if (!IsGood || Question.Type is not (TypeA or TypeAaaa or TypeAny))
            return [];
        var lifetimes = new Dictionary<string, TimeSpan>(StringComparer.Ordinal)
        {
            [Question.Name] = TimeSpan.MaxValue,
        };
        var (name, lifetime) = (Question.Name, TimeSpan.MaxValue);
        for (var step = 0; step < MostAliases; step++)
        {
            var alias = Records.FirstOrDefault(record => record.Alias is not null && record.Owner == name);
            if (alias.Alias is not { } next || lifetimes.ContainsKey(next))
                break;
            lifetime = Shorter(lifetime, alias.Lifetime);
            lifetimes[next] = lifetime;
            name = next;
        }

        return
            from record in Records
            where record.Address is { } address && lifetimes.ContainsKey(record.Owner) && IsAsked(address)
            select (record.Address!.Value, Shorter(record.Lifetime, lifetimes[record.Owner]));
    }

    private bool IsAsked(Address address) => Question.Type == TypeAny
        || Question.Type == (address.Family == AddressFamily.V4 ? TypeA : TypeAaaa);

    private static bool TryReadRecords(
        ReadOnlySpan<byte> bytes, int at, int count, ImmutableArray<DnsRecord>.Builder records)
    {
        for (var i = 0; i < count; i++)
        {
            if (!DnsName.TryRead(bytes, ref at, out var owner) || at + 10 > bytes.Length)
                return false;
            var type = BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
            var isInternet = BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 2)..]) == Internet;
            var seconds = BinaryPrimitives.ReadUInt32BigEndian(bytes[(at + 4)..]);
            var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 8)..]);
            at += 10;
            if (at + length > bytes.Length)
                return false;
            var lifetime = TimeSpan.FromSeconds(seconds > int.MaxValue ? 0 : seconds);
            if (isInternet && IsAddress(type, length))
                records.Add(new(owner, lifetime, Address.FromBytes(bytes.Slice(at, length)), null));
            var inside = at;
            at += length;
            if (!isInternet || type != TypeAlias)
                continue;
            if (!DnsName.TryRead(bytes, ref inside, out var alias) || inside != at)
                return false;
            records.Add(new(owner, lifetime, null, alias));
        }

        return true;
    }

    private static bool IsAddress(ushort type, int length) => (type, length) is (TypeA, 4) or (TypeAaaa, 16);

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
