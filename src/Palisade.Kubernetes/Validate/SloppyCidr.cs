using System.Globalization;
using Palisade.Policy.Sets;

namespace Palisade.Kubernetes.Validate;

/// <summary>
/// A CIDR as Go's parser before 1.17 reads it (k8s.io/utils/net ParseCIDRSloppy): leading zeros are decimal, host
/// bits may be set.
/// </summary>
/// <remarks>
/// An IPv4-mapped IPv6 block keeps the length as written, but holds IPv4 addresses (net.IPNet.Contains turns both to
/// four bytes).
/// </remarks>
internal sealed record SloppyCidr
{
    private const ulong MappedPrefix = 0xffff;

    private SloppyCidr(Address address, int length, bool leadingZeros)
    {
        Address = address;
        Length = length;
        HasLeadingZeros = leadingZeros;
    }

    /// <summary>The address as written, host bits included.</summary>
    public Address Address { get; }

    /// <summary>The prefix length as written.</summary>
    public int Length { get; }

    /// <summary>An octet, a group of more than four digits or the length has leading zeros.</summary>
    public bool HasLeadingZeros { get; }

    /// <summary>The block, host bits cleared, in the family as written.</summary>
    public Cidr Block => new(Address, Length);

    /// <summary>Bits beyond the prefix length are set.</summary>
    public bool HasHostBits => Block.First != Address;

    /// <summary>An IPv4-mapped IPv6 address.</summary>
    public bool IsMapped => IsMappedAddress(Address);

    /// <summary>
    /// The block that addresses are compared with: a mapped block of /96 or longer is the IPv4 block; a shorter one
    /// clears the
    /// mark itself and stays IPv6.
    /// </summary>
    public Cidr Meant => IsMapped && Length >= 96 ? new(Unmapped(Address), Length - 96) : Block;

    /// <summary>Parses ADDRESS/LENGTH; null when it is not one.</summary>
    public static SloppyCidr? Parse(string text)
    {
        var slash = text.IndexOf('/');
        if (slash < 0 || SloppyAddress(text[..slash]) is not { } address)
            return null;
        var written = text[(slash + 1)..];
        var digits = WithoutZeros(written);
        if (digits.Length is 0 or > 3 || !digits.All(char.IsAsciiDigit))
            return null;
        var length = int.Parse(digits, CultureInfo.InvariantCulture);
        return length > address.Address.Width ? null
            : new(address.Address, length, address.LeadingZeros || digits != written);
    }

    /// <summary>
    /// A block in a form that CEL's isCIDR takes: no leading zeros, no IPv4-mapped IPv6 address; host bits are cleared.
    /// Null when it is none.
    /// </summary>
    public static Cidr? Strict(string text) =>
        Parse(text) is { HasLeadingZeros: false, IsMapped: false } parsed ? parsed.Block : null;

    /// <summary>
    /// Whether net.IPNet.Contains would say that the other block's network address lies in this block.
    /// </summary>
    public bool ContainsFirstOf(SloppyCidr other) => Meant.Contains(Flat(other.Block.First));

    /// <summary>Go's text of the masked block (net.IPNet.String), mapped blocks as Go prints them.</summary>
    public string BlockText
    {
        get
        {
            var first = Block.First;
            return IsMappedAddress(first) ? $"{Unmapped(first)}/{Length - 96}" : Block.ToString();
        }
    }

    /// <summary>The text of the address alone as a block of one (net.IP.String, address length of the mask).</summary>
    public string SingleText => $"{Flat(Address)}/{Address.Width}";

    /// <summary>An address with leading zeros allowed; null when it is none.</summary>
    public static (Address Address, bool LeadingZeros)? SloppyAddress(string text)
    {
        var plain = text;
        if (text.Contains('.'))
        {
            var start = text.LastIndexOf(':') + 1;
            plain = text[..start] + string.Join('.', text[start..].Split('.').Select(WithoutZeros));
        }

        if (plain.Contains(':'))
            plain = string.Join(':', plain.Split(':').Select(ShortGroup));
        return Address.TryParse(plain, out var address) ? (address, plain != text) : null;
    }

    private static string WithoutZeros(string digits) =>
        digits.Length < 2 ? digits : digits.TrimStart('0') is { Length: > 0 } rest ? rest : "0";

    // Go's parser takes a group of any length whose value fits 16 bits; up to four digits are ordinary spelling.
    private static string ShortGroup(string group) =>
        group.Length > 4 && !group.Contains('.') && group.TrimStart('0') is { Length: <= 4 } rest
            ? rest.PadLeft(1, '0')
            : group;

    private static bool IsMappedAddress(Address address) =>
        address.Family == AddressFamily.V6 && address.Bits >> 32 == MappedPrefix;

    private static Address Unmapped(Address address) => new(AddressFamily.V4, address.Bits & uint.MaxValue);

    private static Address Flat(Address address) => IsMappedAddress(address) ? Unmapped(address) : address;
}
