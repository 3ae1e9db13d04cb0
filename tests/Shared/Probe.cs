using Palisade.Policy.Sets;

namespace Palisade.Tests.Shared;

/// <summary>One end of a probe: a pod by namespace and name, or whoever has an address.</summary>
public readonly record struct ProbeEnd(string? Namespace, string? Pod, Address? Address)
{
    public static ProbeEnd OfPod(string ns, string name) => new(ns, name, null);

    public static ProbeEnd OfAddress(Address address) => new(null, null, address);

    /// <summary>namespace/pod, or an address.</summary>
    public static ProbeEnd Parse(string text) => text.Split('/') is [var ns, var pod]
        ? OfPod(ns, pod)
        : OfAddress(Policy.Sets.Address.Parse(text));

    public override string ToString() => Pod is null ? $"ip:{Address}" : $"{Namespace}/{Pod}";
}

/// <summary>A connection to judge; the port does not count for <see cref="Protocol.Other"/>.</summary>
public readonly record struct Probe(ProbeEnd From, ProbeEnd To, AddressFamily Family, Protocol Protocol, ushort Port)
{
    /// <summary>Made to a Service, behind which the other end was found.</summary>
    public bool ThroughService { get; init; }

    public override string ToString() =>
        $"{From} -> {To} {Protocol.Spelling()}/{Port} IPv{(int)Family}{(ThroughService ? " through a Service" : "")}";
}
