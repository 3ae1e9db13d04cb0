using System.Buffers.Binary;
using System.Text;

namespace Palisade.Lab.Dns;

/// <summary>The record types that a cluster's names have (RFC 1035 section 3.2.2, RFC 3596, RFC 2782).</summary>
internal enum DnsType : ushort
{
    A = 1,
    Ns = 2,
    CanonicalName = 5,
    Authority = 6,
    Pointer = 12,
    Text = 16,
    AddressV6 = 28,
    Service = 33,

    /// <summary>The sender's abilities (EDNS, RFC 6891), not a record of anything.</summary>
    Options = 41,
    Any = 255,
}

/// <summary>Answer codes (RFC 1035 section 4.1.1).</summary>
internal enum DnsCode : byte
{
    NoError = 0,
    FormatError = 1,
    NameError = 3,
    NotImplemented = 4,
    Refused = 5,
}

/// <summary>A question.</summary>
/// <param name="Id">Comes back in the answer.</param>
/// <param name="Flags">The header's second word: opcode, and whether recursion is desired, come back.</param>
/// <param name="Name">The name in lower case, without the last dot.</param>
/// <param name="Written">The name as it was written: it comes back letter by letter (clients mix cases).</param>
/// <param name="Type">What is asked for.</param>
/// <param name="Class">1: Internet.</param>
/// <param name="PayloadSize">How long a UDP answer may be; null: the question has no EDNS record, so 512.</param>
internal sealed record DnsQuestion(
    ushort Id, ushort Flags, string Name, byte[] Written, DnsType Type, ushort Class, ushort? PayloadSize)
{
    private const int HeaderLength = 12;
    private const int LongestName = 255;

    /// <summary>Whether it is an ordinary query (opcode 0).</summary>
    public bool IsQuery => (Flags >> 11 & 0xF) == 0;

    /// <summary>Reads a message; null when it is no question of one name, or damaged.</summary>
    /// <remarks>
    /// id u16 · flags u16 · questions u16 · answers u16 · authorities u16 · additional u16; then the name (labels:
    /// length, characters; ends with 0), type u16, class u16; then records, of which only an OPT record counts:
    /// name 0 · type 41 u16 · payload size u16 · flags u32 · length u16 · options. Integers are big-endian.
    /// </remarks>
    public static DnsQuestion? Parse(ReadOnlySpan<byte> message)
    {
        if (message.Length < HeaderLength || Word(message, 4) != 1 || (message[2] & 0x80) != 0
            || Word(message, 6) != 0 || Word(message, 8) != 0)
            return null;
        var at = HeaderLength;
        if (ReadName(message, ref at) is not { } name || message.Length < at + 4)
            return null;
        var (type, of) = (Word(message, at), Word(message, at + 2));
        return new DnsQuestion(
            Word(message, 0), Word(message, 2), name, message[HeaderLength..at].ToArray(), (DnsType)type, of,
            PayloadSizeOf(message, at + 4, Word(message, 10)));
    }

    private static ushort? PayloadSizeOf(ReadOnlySpan<byte> message, int at, int records)
    {
        const int fixedPart = 11;
        for (var i = 0; i < records && message.Length >= at + fixedPart && message[at] == 0; i++)
        {
            if (Word(message, at + 1) == (ushort)DnsType.Options)
                return Word(message, at + 3);
            at += fixedPart + Word(message, at + 9);
        }

        return null;
    }

    private static string? ReadName(ReadOnlySpan<byte> message, ref int at)
    {
        var name = new StringBuilder();
        for (var begun = at; at < message.Length;)
        {
            int length = message[at++];
            if (length == 0)
                return name.ToString().ToLowerInvariant();
            // Above 63 it would be a pointer: nothing stands before a question's name that it could point to.
            if (length > 63 || at + length > message.Length || at - begun + length > LongestName)
                return null;
            if (name.Length > 0)
                name.Append('.');
            name.Append(Encoding.Latin1.GetString(message.Slice(at, length)));
            at += length;
        }

        return null;
    }

    private static ushort Word(ReadOnlySpan<byte> message, int at) =>
        BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
}

/// <summary>A record of an answer.</summary>
/// <param name="Name">Whose it is, without the last dot.</param>
/// <param name="Type">What it is.</param>
/// <param name="Content">Its RDATA.</param>
internal sealed record DnsRecord(string Name, DnsType Type, byte[] Content)
{
    /// <summary>Seconds a client may keep it.</summary>
    public uint TimeToLive { get; init; } = DnsWriter.TimeToLive;
}

/// <summary>What a server says to a question.</summary>
/// <param name="Code">The answer code.</param>
/// <param name="Answers">What was asked for.</param>
/// <param name="Authorities">The zone's SOA record, with answers that say "no".</param>
/// <param name="Additional">Addresses of the names in the answers.</param>
internal sealed record DnsAnswer(
    DnsCode Code, IReadOnlyList<DnsRecord> Answers, IReadOnlyList<DnsRecord> Authorities,
        IReadOnlyList<DnsRecord> Additional)
{
    /// <summary>An answer without records.</summary>
    public static DnsAnswer Only(DnsCode code) => new(code, [], [], []);
}
