using System.Text.Json.Nodes;
using Palisade.ApiServer;
using Palisade.Lab.Network;
using Palisade.Lab.Pods;

namespace Palisade.Lab.Dns;

/// <summary>
/// The cluster's DNS as its users find it everywhere: the Service kube-dns of kube-system and a pod behind it, labelled
/// k8s-app=kube-dns, so that the usual policies for DNS mean the same here.
/// </summary>
internal static class DnsObjects
{
    internal const string Namespace = "kube-system";
    private const string App = "kube-dns";
    private const string Pod = "coredns";

    // The last slot of the first node: the first ones are for pods that people make.
    private const int Slot = 254;

    /// <summary>Creates what is not there.</summary>
    /// <exception cref="StatusException">Another Service has the address.</exception>
    public static void Create(Palisade.ApiServer.ObjectStore store, AddressPlan plan)
    {
        if (store.Get("services", Namespace, App) is null)
            store.Create(ServiceOf(plan));
        if (store.Get("pods", Namespace, Pod) is null)
            store.Create(PodOf(plan));
        if (store.Get("configmaps", Namespace, OutsideNames.ConfigMap) is null)
            store.Create(OutsideNames.Default());
    }

    private static JsonObject ServiceOf(AddressPlan plan) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Service",
        ["metadata"] = new JsonObject
        {
            ["name"] = App,
            ["namespace"] = Namespace,
            ["labels"] = new JsonObject
            {
                ["k8s-app"] = App,
                ["kubernetes.io/cluster-service"] = "true",
                ["kubernetes.io/name"] = "CoreDNS",
            },
        },
        ["spec"] = new JsonObject
        {
            ["clusterIPs"] = Texts(plan.Dns),
            ["ipFamilyPolicy"] = "PreferDualStack",
            ["selector"] = new JsonObject { ["k8s-app"] = App },
            ["ports"] = new JsonArray(Port("dns", "UDP"), Port("dns-tcp", "TCP")),
        },
    };

    private static JsonObject PodOf(AddressPlan plan) => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Pod",
        ["metadata"] = new JsonObject
        {
            ["name"] = Pod,
            ["namespace"] = Namespace,
            ["labels"] = new JsonObject { ["k8s-app"] = App },
            ["annotations"] = new JsonObject
            {
                [PodObject.AddressAnnotation] = string.Join(',', plan.Pod(1, Slot).All),
                [PodObject.ServesAnnotation] = PodObject.ServesNames,
            },
        },
        ["spec"] = new JsonObject
        {
            ["dnsPolicy"] = "Default",
            ["containers"] = new JsonArray(new JsonObject
            {
                ["name"] = Pod,
                ["image"] = "palisade-dns",
                ["ports"] = new JsonArray(ContainerPort("dns", "UDP"), ContainerPort("dns-tcp", "TCP")),
            }),
        },
    };

    private static JsonArray Texts(AddressPair pair) =>
        new([.. pair.All.Select(address => JsonValue.Create(address.ToString()))]);

    private static JsonObject Port(string name, string protocol) =>
        new() { ["name"] = name, ["protocol"] = protocol, ["port"] = (int)DnsServer.Port };

    private static JsonObject ContainerPort(string name, string protocol) =>
        new() { ["name"] = name, ["protocol"] = protocol, ["containerPort"] = (int)DnsServer.Port };
}
