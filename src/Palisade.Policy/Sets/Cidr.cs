using System.Globalization;

namespace Palisade.Policy.Sets;

/// <summary>An address block. Host bits are always zero; Convert masks what a manifest wrote.</summary>
public readonly record struct Cidr : IComparable<Cidr>
{
    /// <summary>The block of <paramref name="length"/> leading bits around an address; host bits are cleared.</summary>
    public Cidr(Address address, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, address.Width);
        Length = length;
        First = new(address.Family, address.Bits & ~HostMask(address.Width - length));
    }

    /// <summary>The lowest address of the block.</summary>
    public Address First { get; }

    /// <summary>How many leading bits are fixed: 0..32 or 0..128.</summary>
    public int Length { get; }

    /// <summary>The family of the block.</summary>
    public AddressFamily Family => First.Family;

    /// <summary>The highest address of the block.</summary>
    public Address Last => new(Family, First.Bits | HostMask(First.Width - Length));

    /// <summary>Whether the address lies in the block; never for the other family.</summary>
    public bool Contains(Address address) =>
        address.Family == Family && address.Bits >= First.Bits && address.Bits <= Last.Bits;

    /// <summary>The block of a literal known to be good (tests, constants), host bits cleared.</summary>
    /// <exception cref="FormatException">The literal is not a CIDR.</exception>
    public static Cidr Parse(string text) =>
        TryParse(text, out var cidr) ? cidr : throw new FormatException($"\"{text}\" is not a CIDR");

    /// <summary>Parses ADDRESS/LENGTH strictly (no leading zeros); host bits are cleared.</summary>
    public static bool TryParse(string? text, out Cidr cidr)
    {
        cidr = default;
        var slash = text?.IndexOf('/') ?? -1;
        if (slash < 0 || !Address.TryParse(text![..slash], out var address))
            return false;
        var digits = text[(slash + 1)..];
        var good = digits.Length is >= 1 and <= 3 && (digits.Length == 1 || digits[0] != '0')
            && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var length)
            && length <= address.Width;
        if (!good)
            return false;
        cidr = new(address, int.Parse(digits, CultureInfo.InvariantCulture));
        return true;
    }

    /// <summary>Orders by first address, then shorter prefixes first.</summary>
    public int CompareTo(Cidr other)
    {
        var byAddress = First.CompareTo(other.First);
        return byAddress != 0 ? byAddress : Length.CompareTo(other.Length);
    }

    /// <summary>Canonical text, for example 10.0.0.0/8.</summary>
    public override string ToString() => $"{First}/{Length.ToString(CultureInfo.InvariantCulture)}";

    private static UInt128 HostMask(int hostBits) =>
        hostBits == 0 ? 0 : hostBits == 128 ? UInt128.MaxValue : (UInt128.One << hostBits) - 1;
}
