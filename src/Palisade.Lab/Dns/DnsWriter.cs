using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Palisade.Lab.Dns;

/// <summary>Writes answers. Names are not compressed: a cluster's answers are short.</summary>
internal static class DnsWriter
{
    /// <summary>Seconds a client may keep an answer: what CoreDNS says of cluster names.</summary>
    public const uint TimeToLive = 5;

    private const ushort Response = 0x8000;
    private const ushort Authoritative = 0x0400;
    private const ushort Truncated = 0x0200;
    private const ushort KeptFlags = 0x7900;   // opcode and "recursion desired"
    private const ushort Internet = 1;
    private const ushort OwnPayloadSize = 1232;   // no fragment on any usual path (DNS flag day 2020)

    /// <summary>The message; when it is longer than <paramref name="limit"/>, without records and marked as
    /// cut.</summary>
    public static byte[] Write(DnsQuestion question, DnsAnswer answer, int limit)
    {
        var whole = Write(question, answer, isCut: false);
        return whole.Length <= limit
            ? whole
            : Write(question, DnsAnswer.Only(answer.Code), isCut: true);
    }

    /// <summary>The answer to what is no question: a bare header; null to what says that it is an answer
    /// itself.</summary>
    public static byte[]? FormatError(ReadOnlySpan<byte> message)
    {
        if (message.Length < 3 || (message[2] & 0x80) != 0)
            return null;
        return [message[0], message[1], 0x80, (byte)DnsCode.FormatError, .. new byte[8]];
    }

    /// <summary>An address as RDATA.</summary>
    public static DnsRecord Address(string name, IPAddress address) => new(
        name,
        address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? DnsType.AddressV6 : DnsType.A,
        address.GetAddressBytes());

    /// <summary>priority 0 · weight u16 · port u16 · target (RFC 2782).</summary>
    public static DnsRecord Service(string name, ushort weight, ushort port, string target)
    {
        var bytes = new List<byte>();
        Put(bytes, 0);
        Put(bytes, weight);
        Put(bytes, port);
        PutName(bytes, target);
        return new(name, DnsType.Service, [.. bytes]);
    }

    /// <summary>A record that names another name.</summary>
    public static DnsRecord Reference(string name, DnsType type, string target)
    {
        var bytes = new List<byte>();
        PutName(bytes, target);
        return new(name, type, [.. bytes]);
    }

    /// <summary>server · mailbox · serial, refresh, retry, expire, minimum, each u32 (RFC 1035 3.3.13).</summary>
    public static DnsRecord Authority(string zone)
    {
        var bytes = new List<byte>();
        PutName(bytes, $"ns.dns.{zone}");
        PutName(bytes, $"hostmaster.{zone}");
        foreach (var value in (uint[])[1, 7200, 1800, 86400, TimeToLive])
            Put(bytes, value);
        return new(zone, DnsType.Authority, [.. bytes]);
    }

    private static byte[] Write(DnsQuestion question, DnsAnswer answer, bool isCut)
    {
        var bytes = new List<byte>(512);
        Put(bytes, question.Id);
        var flags = Response | (question.Flags & KeptFlags) | (isCut ? Truncated : 0) | (byte)answer.Code
            | (answer.Code is DnsCode.NoError or DnsCode.NameError ? Authoritative : 0);
        Put(bytes, (ushort)flags);
        Put(bytes, 1);
        Put(bytes, (ushort)answer.Answers.Count);
        Put(bytes, (ushort)answer.Authorities.Count);
        Put(bytes, (ushort)(answer.Additional.Count + (question.PayloadSize is null ? 0 : 1)));
        bytes.AddRange(question.Written);
        Put(bytes, (ushort)question.Type);
        Put(bytes, question.Class);
        foreach (var record in answer.Answers.Concat(answer.Authorities).Concat(answer.Additional))
            PutRecord(bytes, record);
        if (question.PayloadSize is not null)
            PutOptions(bytes);
        return [.. bytes];
    }

    private static void PutRecord(List<byte> bytes, DnsRecord record)
    {
        PutName(bytes, record.Name);
        Put(bytes, (ushort)record.Type);
        Put(bytes, Internet);
        Put(bytes, record.TimeToLive);
        Put(bytes, (ushort)record.Content.Length);
        bytes.AddRange(record.Content);
    }

    private static void PutOptions(List<byte> bytes)
    {
        bytes.Add(0);
        Put(bytes, (ushort)DnsType.Options);
        Put(bytes, OwnPayloadSize);
        Put(bytes, 0u);
        Put(bytes, (ushort)0);
    }

    private static void PutName(List<byte> bytes, string name)
    {
        foreach (var label in name.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            var text = Encoding.Latin1.GetBytes(label);
            bytes.Add((byte)Math.Min(text.Length, 63));
            bytes.AddRange(text.AsSpan(0, Math.Min(text.Length, 63)));
        }

        bytes.Add(0);
    }

    private static void Put(List<byte> bytes, ushort value)
    {
        Span<byte> word = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(word, value);
        bytes.AddRange(word);
    }

    private static void Put(List<byte> bytes, uint value)
    {
        Span<byte> word = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(word, value);
        bytes.AddRange(word);
    }
}
