using Palisade.Nftables;

namespace Palisade.Dataplane.Dns;

/// <summary>A pod's conversation with a resolver, as the pod sees its addresses and ports.</summary>
internal readonly record struct DnsFlow(PacketAddress Pod, ushort Port, PacketAddress Resolver, bool IsTcp);
