namespace Palisade.Nftables.Rtnetlink;

/// <summary>linux/rtnetlink.h, if_link.h, if_addr.h, neighbour.h.</summary>
internal static class RtConstants
{
    internal const ushort NewLink = 16;
    internal const ushort DeleteLink = 17;
    internal const ushort GetLink = 18;
    internal const ushort NewAddress = 20;
    internal const ushort DeleteAddress = 21;
    internal const ushort GetAddress = 22;
    internal const ushort NewRoute = 24;
    internal const ushort DeleteRoute = 25;
    internal const ushort GetRoute = 26;
    internal const ushort NewNeighbour = 28;

    internal const int LinkAddress = 1;
    internal const int LinkName = 3;
    internal const int LinkMtu = 4;
    internal const int LinkPeerIndex = 5;
    internal const int LinkMaster = 10;
    internal const int LinkKindNest = 18;
    internal const int LinkNamespaceDescriptor = 28;
    internal const int LinkPeerNamespace = 37;
    internal const int LinkTargetNamespace = 46;
    internal const int KindName = 1;
    internal const int KindSettings = 2;
    internal const int PortKind = 4;
    internal const int PortSettings = 5;
    internal const int PortHairpin = 4;
    internal const int VethPeer = 1;

    internal const int AddressPeer = 1;
    internal const int AddressLocal = 2;
    internal const int AddressFlags = 8;
    internal const int AddressTargetNamespace = 10;
    internal const uint NoDuplicateDetection = 0x02;

    internal const int RouteDestination = 1;
    internal const int RouteDevice = 4;
    internal const int RouteGateway = 5;
    internal const int RoutePriority = 6;
    internal const int RoutePreferredSource = 7;
    internal const int RouteTable = 15;
    internal const int RouteVia = 18;
    internal const uint NextHopOnLink = 4;

    internal const byte FamilyV4 = 2;
    internal const byte FamilyV6 = 10;
}
