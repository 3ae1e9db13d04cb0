using Palisade.Kubernetes.Validate;
using Palisade.Policy.Sets;

namespace Palisade.Kubernetes.Cel;

/// <summary>The IP and CIDR libraries of Kubernetes: no leading zeros, no zones, no IPv4 in IPv6.</summary>
internal static class CelNetworks
{
    public static object? Convert(string function, object? value) => (function, value) switch
    {
        ("isIP", string text) => Ip(text) is not null,
        ("ip", string text) => Ip(text)
            ?? (object)new CelError($"IP Address {Quoted(text)} parse error during conversion from string"),
        ("ip.isCanonical", string text) => Ip(text) is { } address
            ? address.ToString() == text
            : CelError.NoOverload,
        ("isCIDR", string text) => Cidr(text) is not null,
        ("cidr", string text) => Cidr(text)
            ?? (object)new CelError(
                $"network address parse error during conversion from string: {Quoted(text)}"),
        _ => CelError.NoOverload,
    };

    /// <summary>A method of an address or block; null when the target is neither.</summary>
    public static object? Call(string function, object? target, object?[] arguments) => target switch
    {
        Address address when arguments.Length == 0 => OfAddress(function, address),
        CelCidr cidr => OfCidr(function, cidr, arguments),
        Address => CelError.NoOverload,
        _ => null,
    };

    private static object OfAddress(string function, Address address)
    {
        var v4 = address.Family == AddressFamily.V4;
        var bits = address.Bits;
        var unspecified = bits == 0;
        var loopback = v4 ? bits >> 24 == 127 : bits == 1;
        var localMulticast = v4 ? bits >> 8 == 0xe00000 : bits >> 112 == 0xff02;
        var localUnicast = v4 ? bits >> 16 == 0xa9fe : bits >> 118 == 0x3fa;
        var multicast = v4 ? bits >> 28 == 0xe : bits >> 120 == 0xff;
        return function switch
        {
            "family" => v4 ? 4L : 6L,
            "isUnspecified" => unspecified,
            "isLoopback" => loopback,
            "isLinkLocalMulticast" => localMulticast,
            "isLinkLocalUnicast" => localUnicast,
            "isGlobalUnicast" => !unspecified && !loopback && !multicast && !localUnicast
                && !(v4 && bits == uint.MaxValue),
            _ => CelError.NoOverload,
        };
    }

    private static object OfCidr(string function, CelCidr cidr, object?[] arguments) => (function, arguments) switch
    {
        ("containsIP", [Address address]) => cidr.Block.Contains(address),
        ("containsIP", [string text]) => Ip(text) is { } address ? cidr.Block.Contains(address) : CelError.NoOverload,
        ("containsCIDR", [CelCidr inner]) => Contains(cidr, inner),
        ("containsCIDR", [string text]) => Cidr(text) is { } inner ? Contains(cidr, inner) : CelError.NoOverload,
        ("ip", []) => cidr.Address,
        ("masked", []) => new CelCidr(cidr.Block.First, cidr.Length),
        ("prefixLength", []) => (long)cidr.Length,
        _ => CelError.NoOverload,
    };

    private static bool Contains(CelCidr outer, CelCidr inner) =>
        inner.Length >= outer.Length && outer.Block.Contains(inner.Address);

    private static Address? Ip(string text) =>
        SloppyCidr.Parse(text + (text.Contains(':') ? "/128" : "/32")) is
        { HasLeadingZeros: false, IsMapped: false } parsed && !text.Contains('/') ? parsed.Address : null;

    private static CelCidr? Cidr(string text) =>
        SloppyCidr.Parse(text) is { HasLeadingZeros: false, IsMapped: false } parsed
            ? new(parsed.Address, parsed.Length)
            : null;

    private static string Quoted(string text) => Palisade.Kubernetes.Convert.GoText.Quote(text);
}
