using System.Collections.Immutable;
using System.Text;
using Palisade.Dataplane.Proof.Kernel;
using Palisade.Dataplane.Proof.Space;
using Palisade.Policy.Sets;

namespace Palisade.Dataplane.Proof;

/// <summary>What conntrack says of a packet (NF_CT_STATE_*).</summary>
internal enum PacketState : uint
{
    Invalid = 1,
    Established = 2,
    Related = 4,
    New = 8,
    Untracked = 64,
}

/// <summary>
/// A packet of which all is fixed but one of its addresses and its flow: where it came in, where it goes out, which
/// hooks it meets on its way.
/// </summary>
internal sealed record Scene
{
    /// <summary>Conntrack and NAT do their work at these priorities (NF_IP_PRI_*).</summary>
    private const int ConntrackAt = -200;
    private const int DestinationNatAt = -100;
    private const int SourceNatAt = 100;

    /// <summary>IPS_FIXED_TIMEOUT, which nothing else sets.</summary>
    private const uint CutStatus = 0x400;

    private const byte Syn = 0x02;
    private const byte Acknowledge = 0x10;

    public static readonly ImmutableArray<Hook> Forwarded = [Hook.Prerouting, Hook.Forward, Hook.Postrouting];
    public static readonly ImmutableArray<Hook> Received = [Hook.Prerouting, Hook.Input];
    public static readonly ImmutableArray<Hook> Sent = [Hook.Output, Hook.Postrouting];
    public static readonly ImmutableArray<Hook> Arriving = [Hook.Prerouting];

    /// <summary>The interface it came in by; empty: the node itself sends it.</summary>
    public string Input { get; init; } = "";

    /// <summary>The interface it goes out by; empty: it is for the node, or nobody knows yet.</summary>
    public string Output { get; init; } = "";

    /// <summary>
    /// It crosses a bridge without being routed: br_netfilter hands the last hook no interface that it came in by.
    /// </summary>
    public bool IsBridged { get; init; }

    public required ImmutableArray<Hook> Path { get; init; }

    /// <summary>Which of the two addresses is open.</summary>
    public required AddressEnd Open { get; init; }

    /// <summary>The other one.</summary>
    public required Address Fixed { get; init; }

    public PacketState State { get; init; } = PacketState.New;

    /// <summary>Of a connection's answers.</summary>
    public bool IsReply { get; init; }

    /// <summary>Of a connection that the agent has cut: conntrack's status says so.</summary>
    public bool IsCut { get; init; }

    /// <summary>If it is TCP: a packet that is not the first of its connection, which conntrack calls new.</summary>
    public bool IsMidstream { get; init; }

    public byte HopLimit { get; init; } = 63;

    /// <summary>Where the packet was sent to before destination NAT; null: there is none.</summary>
    public Address? Service { get; init; }

    /// <summary>What source NAT makes of its source; null: there is none.</summary>
    public Address? Masquerade { get; init; }

    /// <summary>Only base chains before conntrack sees the packet.</summary>
    public bool BeforeConntrack { get; init; }

    public bool Meets(BasePlace place) => !BeforeConntrack || place.Priority < ConntrackAt;

    /// <summary>What a field of the packet is when a base chain at a place is asked.</summary>
    public FieldValue ValueOf(Field field, BasePlace place, PacketSpace space)
    {
        var value = Raw(field, place, space);
        if (field.Mask is null || value is OpenAddress)
            return value;
        return value.Map(bytes => [.. bytes.Select((b, i) => (byte)(b & field.Mask[i] ^ field.Xor![i]))]);
    }

    private FieldValue Raw(Field field, BasePlace place, PacketSpace space) => field.Source switch
    {
        FieldSource.Meta => Meta(field, place, space),
        FieldSource.Conntrack => Conntrack(field.Key, place),
        FieldSource.Fib => Fib(field, place, space),
        _ => Payload(field, place, space),
    };

    private FieldValue Meta(Field field, BasePlace place, PacketSpace space) => field.Key switch
    {
        PacketFields.MetaFamily => new KnownBytes([space.Family == AddressFamily.V4 ? (byte)2 : (byte)10]),
        PacketFields.MetaInputName => Name(InputAt(place), field.Length),
        PacketFields.MetaOutputName => Name(OutputAt(place), field.Length),
        // Only whether there is one is known of the index.
        PacketFields.MetaInputIndex => new IndexOf(InputAt(place).Length > 0),
        PacketFields.MetaOutputIndex => new IndexOf(OutputAt(place).Length > 0),
        PacketFields.MetaTransport => new BytesOfFlow(flow => [flow.Transport]),
        _ => new UnknownValue($"meta {PacketFields.NameOfMeta(field.Key)}"),
    };

    private string InputAt(BasePlace place) => IsBridged && place.Hook == Hook.Postrouting ? "" : Input;

    private string OutputAt(BasePlace place) => place.Hook is Hook.Prerouting or Hook.Input ? "" : Output;

    private static KnownBytes Name(string name, int length)
    {
        var bytes = new byte[PacketFields.NameLength];
        Encoding.UTF8.GetBytes(name, bytes);
        return new(bytes[..length]);
    }

    /// <summary>ct state is in the host's order. Before conntrack nothing fits any connection.</summary>
    private FieldValue Conntrack(uint key, BasePlace place)
    {
        var isEarly = place.Hook is Hook.Prerouting or Hook.Output && place.Priority <= ConntrackAt;
        return key switch
        {
            PacketFields.CtState =>
                new KnownBytes(BitConverter.GetBytes((uint)(isEarly ? PacketState.Invalid : State))),
            PacketFields.CtDirection when isEarly || State is PacketState.Invalid or PacketState.Untracked =>
                new Absent(),
            PacketFields.CtDirection => new KnownBytes([IsReply ? (byte)1 : (byte)0]),
            PacketFields.CtStatus when isEarly || State is PacketState.Invalid or PacketState.Untracked =>
                new Absent(),
            PacketFields.CtStatus => new KnownBytes(BitConverter.GetBytes(IsCut ? CutStatus : 0)),
            _ => new UnknownValue($"ct {key}"),
        };
    }

    /// <summary>The address at one end, or null when it is the open one, as a chain at a place sees it.</summary>
    private Address? AddressAt(AddressEnd end, BasePlace place)
    {
        var sourceChanged = place.Hook is Hook.Postrouting or Hook.Input && place.Priority >= SourceNatAt;
        var isFirst = place.Hook is Hook.Prerouting or Hook.Output;
        var destinationChanged = !isFirst || place.Priority > DestinationNatAt;
        if (end == AddressEnd.Source && Masquerade is { } node && sourceChanged)
            return node;
        if (end == AddressEnd.Destination && Service is { } service && !destinationChanged)
            return service;
        return end == Open ? null : Fixed;
    }

    private FieldValue Fib(Field field, BasePlace place, PacketSpace space)
    {
        AddressEnd? end = field.Offset switch
        {
            PacketFields.FibSource => AddressEnd.Source,
            PacketFields.FibDestination => AddressEnd.Destination,
            _ => null,
        };
        if (field.Key != PacketFields.FibAddressType || end is not { } of)
            return new UnknownValue($"fib {field.Key} of {field.Offset}");
        return AddressAt(of, place) is { } address
            ? new KnownBytes(Kind(space.KindOf(address)))
            : new BytesOfAtoms(
            [
                (Kind(AddressKind.Local), space.Local), (Kind(AddressKind.Multicast), space.Multicast),
                (Kind(AddressKind.Unicast), space.Atoms.All.Except(space.Local).Except(space.Multicast)),
            ]);

        static byte[] Kind(AddressKind kind) => BitConverter.GetBytes((uint)kind);
    }

    private FieldValue Payload(Field field, BasePlace place, PacketSpace space)
    {
        if (PacketFields.AddressIn(field, space.Family == AddressFamily.V6) is { } end)
        {
            return AddressAt(end, place) is { } address
                ? new KnownBytes(address.ToBytes()[..field.Length])
                : new OpenAddress(field);
        }

        if (PacketFields.IsPort(field))
            return new BytesOfFlow(flow => flow.HasPorts ? [(byte)(flow.First >> 8), (byte)(flow.First & 0xff)] : null);
        if (PacketFields.IsMessageType(field))
            return new BytesOfFlow(flow => flow.HasMessageType ? [(byte)flow.First] : null);
        if (PacketFields.IsTcpFlags(field))
        {
            var flags = IsMidstream || State != PacketState.New ? Acknowledge : Syn;
            return new BytesOfFlow(flow => flow.Transport == Flow.Tcp ? [flags] : null) { IsExact = true };
        }

        var isHopLimit = field is { Key: PacketFields.NetworkHeader, Length: 1 }
            && field.Offset == (space.Family == AddressFamily.V6 ? 7u : 8u);
        return isHopLimit ? new KnownBytes([HopLimit]) : new UnknownValue($"payload {field}");
    }
}
