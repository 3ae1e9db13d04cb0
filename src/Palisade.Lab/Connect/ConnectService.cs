using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Palisade.Lab.Network;
using Palisade.Lab.Pods;
using Palisade.Lab.Servers;
using Palisade.Lab.Services;
using Palisade.Nftables.Kernel;

namespace Palisade.Lab.Connect;

/// <summary>
/// Finds out who is meant by ns/pod, node:NAME, ip:ADDRESS and svc:ns/name, and opens the connection between them.
/// </summary>
/// <param name="network">Nodes and outside.</param>
/// <param name="pods">The pods; they come after the endpoint.</param>
/// <param name="services">The Services, likewise.</param>
/// <param name="catchUp">
/// Waits until the nodes enforce what the API has acknowledged; false when that takes too long.
/// </param>
internal sealed class ConnectService(
    LabNetwork network, Func<PodController> pods, Func<ServiceView> services,
    Func<CancellationToken, Task<bool>> catchUp)
    : IDisposable
{
    // A probe that is dropped costs one socket for its whole timeout and no processor time.
    private const int MostAtOnce = 128;
    private const int MostInOneRequest = 10_000;

    private readonly SemaphoreSlim _slots = new(MostAtOnce);

    /// <summary>Someone who can open a connection, or be its target.</summary>
    /// <param name="Namespace">Where they live.</param>
    /// <param name="Address">Their address in the family asked for.</param>
    /// <param name="IsOutside">Whether the outside stands in for them.</param>
    private sealed record Party(NetworkNamespace Namespace, IPAddress Address, bool IsOutside);

    /// <summary>Adds the endpoint.</summary>
    public void Map(IEndpointRouteBuilder routes) => routes.MapPost(ConnectRequest.Path, (RequestDelegate)ServeAsync);

    /// <summary>Tries one connection, once the nodes enforce what the API has acknowledged.</summary>
    public async Task<ConnectAnswer> ConnectAsync(ConnectRequest request, CancellationToken cancel)
    {
        var isBehind = !await catchUp(cancel);
        return await ConnectNowAsync(request, cancel) with { IsBehind = isBehind };
    }

    private async Task<ConnectAnswer> ConnectNowAsync(ConnectRequest request, CancellationToken cancel)
    {
        await _slots.WaitAsync(cancel);
        try
        {
            return await TryAsync(request, cancel);
        }
        catch (LabException refusal)
        {
            return ConnectAnswer.NotTried(refusal.Message);
        }
        catch (Exception refusal) when (refusal is KernelException or SocketException)
        {
            return ConnectAnswer.NotTried($"no socket for it: {refusal.Message}");
        }
        finally
        {
            _slots.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _slots.Dispose();

    private async Task ServeAsync(HttpContext context)
    {
        try
        {
            var body = await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted);
            JsonNode answer = body is JsonArray list
                ? await ConnectAllAsync(list, context.RequestAborted)
                : (await ConnectAsync(ConnectRequest.FromJson(body), context.RequestAborted)).ToJson();
            await WriteAsync(context, StatusCodes.Status200OK, answer);
        }
        catch (Exception bad) when (bad is LabException or JsonException)
        {
            await WriteAsync(context, StatusCodes.Status400BadRequest, BadRequest(bad.Message));
        }
    }

    private async Task<JsonArray> ConnectAllAsync(JsonArray list, CancellationToken cancel)
    {
        if (list.Count > MostInOneRequest)
            throw new LabException($"{list.Count} connections in one request; at most {MostInOneRequest}");
        var isBehind = !await catchUp(cancel);
        var answers = await Task.WhenAll(list.Select(async item =>
        {
            try
            {
                return await ConnectNowAsync(ConnectRequest.FromJson(item), cancel);
            }
            catch (LabException bad)
            {
                return ConnectAnswer.NotTried(bad.Message);
            }
        }));
        return new([.. answers.Select(answer => (answer with { IsBehind = isBehind }).ToJson())]);
    }

    private static JsonObject BadRequest(string message) => new()
    {
        ["kind"] = "Status",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject(),
        ["status"] = "Failure",
        ["message"] = message,
        ["reason"] = "BadRequest",
        ["code"] = StatusCodes.Status400BadRequest,
    };

    private static async Task WriteAsync(HttpContext context, int code, JsonNode body)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
    }

    private async Task<ConnectAnswer> TryAsync(ConnectRequest request, CancellationToken cancel)
    {
        var protocol = request.Protocol switch
        {
            "TCP" => ProbeProtocol.Tcp,
            "UDP" => ProbeProtocol.Udp,
            "SCTP" => ProbeProtocol.Sctp,
            "ICMP" => ProbeProtocol.Icmp,
            var other => throw new LabException($"protocol: {other} is none of TCP, UDP, SCTP, ICMP"),
        };
        var family = FamilyOf(request);
        var from = Find(request.From, family);
        var port = (ushort)(request.Port ?? 0);
        var to = FindTarget(request.To, family, protocol, ref port);
        if (from.IsOutside && network.Plan.ServiceRanges.Any(range => range.Contains(to.Address)))
            throw new LabException($"{request.To}: cluster addresses are known on the nodes and in their pods only");
        var probe = new Probe(
            from.Namespace, from.Address, to.Address, protocol, port,
            TimeSpan.FromMilliseconds(request.TimeoutMilliseconds));
        if (!to.IsOutside || protocol == ProbeProtocol.Icmp)
            return await Prober.SendAsync(probe, cancel);
        return await ToOutsideAsync(probe, cancel);
    }

    /// <summary>A listener stands ready outside for as long as the probe lasts.</summary>
    private async Task<ConnectAnswer> ToOutsideAsync(Probe probe, CancellationToken cancel)
    {
        if (probe.Protocol == ProbeProtocol.Sctp)
        {
            network.Outside.AnswerSctp();
            return await Prober.SendAsync(probe, cancel);
        }

        var port = new LabPort(probe.Protocol, probe.Port);
        network.Outside.Listen(probe.Target, port);
        try
        {
            return await Prober.SendAsync(probe, cancel);
        }
        finally
        {
            await network.Outside.ReleaseAsync(probe.Target, port);
        }
    }

    /// <summary>An address says its family itself; else the request does.</summary>
    private static int FamilyOf(ConnectRequest request)
    {
        foreach (var party in (string[])[request.From, request.To])
        {
            if (party.StartsWith("ip:", StringComparison.Ordinal) && IPAddress.TryParse(party[3..], out var address))
                return address.AddressFamily == AddressFamily.InterNetworkV6 ? 6 : 4;
        }

        return request.Family == 6 ? 6 : 4;
    }

    private Party FindTarget(string party, int family, ProbeProtocol protocol, ref ushort port)
    {
        if (!party.StartsWith("svc:", StringComparison.Ordinal))
            return Find(party, family);
        if (party[4..].Split('/') is not [{ Length: > 0 } ns, { Length: > 0 } name])
            throw new LabException($"{party}: write svc:ns/name");
        var service = services().Find(ns, name) ?? throw new LabException($"{party}: no such Service");
        var target = ServiceTarget.Choose(services(), service, family, protocol, port);
        port = target.Port;
        return new Party(network.Nodes[0].Namespace, target.Address, false);
    }

    private Party Find(string party, int family)
    {
        if (party.StartsWith("node:", StringComparison.Ordinal))
        {
            var node = network.Node(party[5..])
                ?? throw new LabException(
                    $"{party}: no such node; there are {string.Join(", ", network.Nodes.Select(n => n.Name))}");
            return new Party(node.Namespace, Of(node.Addresses, family, party), false);
        }

        if (party.StartsWith("ip:", StringComparison.Ordinal))
            return FindAddress(party);
        if (party.StartsWith("svc:", StringComparison.Ordinal))
            throw new LabException($"{party}: a Service opens no connections");
        if (party.Split('/') is not [{ Length: > 0 } podNamespace, { Length: > 0 } name])
            throw new LabException($"{party}: write ns/pod, node:NAME or ip:ADDRESS");
        return OfPod(pods().Find(podNamespace, name) ?? throw new LabException($"{party}: no such pod runs"), family);
    }

    private Party FindAddress(string party)
    {
        if (!IPAddress.TryParse(party.AsSpan(3), out var address))
            throw new LabException($"{party}: not an IP address");
        var family = address.AddressFamily == AddressFamily.InterNetworkV6 ? 6 : 4;
        if (pods().Find(address) is { } pod)
            return OfPod(pod, family);
        if (IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any))
            throw new LabException($"{party}: means whoever uses it; name the pod or node");
        if (network.Nodes.FirstOrDefault(node => node.Addresses.All.Contains(address)) is { } node)
            return new Party(node.Namespace, address, false);
        if (AddressPlan.AllPods.Any(range => range.Contains(address)))
            throw new LabException($"{party}: an address of the pod range that no pod has");
        if (network.Plan.ServiceRanges.Any(range => range.Contains(address)))
            return new Party(network.Nodes[0].Namespace, address, false);
        network.Outside.Own(address);
        return new Party(network.Outside.Namespace, address, true);
    }

    private static Party OfPod(PodRuntime pod, int family) => pod.IsOpen
        ? new Party(pod.Namespace, Of(pod.Addresses, family, pod.Pod.Key), false)
        : throw new LabException($"{pod.Pod.Key} is not up yet: {pod.Node.Name} does not enforce its policies yet");

    private static IPAddress Of(AddressPair addresses, int family, string party) =>
        addresses.Of(family) ?? throw new LabException($"{party} has no IPv{family} address");
}
