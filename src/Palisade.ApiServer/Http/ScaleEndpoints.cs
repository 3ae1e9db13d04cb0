using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Patching;
using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Http;

/// <summary>The scale subresource: spec.replicas of a workload as an autoscaling/v1 Scale.</summary>
internal sealed class ScaleEndpoints(VersionedStore store, ObjectWriter writer)
{
    private static readonly JsonPath _replicas = JsonPath.Parse(".spec.replicas");

    public static KindSchema Kind { get; } = ApiKinds.Find("autoscaling/v1", "Scale")!;

    public Task InvokeAsync(HttpContext context, RequestTarget target) => context.Request.Method switch
    {
        "GET" or "HEAD" => Responses.WriteJsonAsync(context, 200, Of(target.Resource, Current(target))),
        "PUT" => ReplaceAsync(context, target),
        "PATCH" => PatchAsync(context, target),
        _ => throw Errors.MethodNotAllowed(target.Resource.Kind, Caller.Of(context).Request),
    };

    private async Task ReplaceAsync(HttpContext context, RequestTarget target)
    {
        var write = WriteOptions.Read(context, "UpdateOptions");
        var body = await RequestBody.ReadAsync(context);
        var decoded = BodyDecoder.Object(body, RequestBody.MediaType(context), Kind, write.Validation);
        WarningHeaders.Add(context, decoded.Warnings);
        await WriteAsync(context, target, write, _ => decoded.Tree);
    }

    private async Task PatchAsync(HttpContext context, RequestTarget target)
    {
        var write = WriteOptions.Read(context, "PatchOptions");
        var read = PatchBody.Reader(RequestBody.MediaType(context), Kind);
        var patch = read(await RequestBody.ReadAsync(context));
        await WriteAsync(context, target, write, scale =>
        {
            var patched = patch.Apply(scale);
            return BodyDecoder.Patched(patched, Kind, write.Validation, () => patch.Quoted(patched)).Tree;
        });
    }

    private async Task WriteAsync(
        HttpContext context, RequestTarget target, WriteOptions write, Func<JsonObject, JsonObject> change)
    {
        var written = await writer.UpdateAsync(target.Resource, target.Key, Part.Main, write, tree =>
        {
            var scale = change(Of(target.Resource, tree));
            var meta = scale["metadata"];
            var replicas = Cell.Number(scale["spec"]?["replicas"]);
            if (replicas < 0)
            {
                throw Errors.Invalid(Kind.Group, Kind.Kind, target.Name!, [Causes.Invalid(
                    "spec.replicas",
                    replicas.ToString(CultureInfo.InvariantCulture),
                    "must be greater than or equal to 0")]);
            }

            // The writer judges them: a Scale of another state, or of another object of that name, is a conflict.
            foreach (var name in (string[])["resourceVersion", "uid"])
            {
                if (Cell.Text(meta?[name]) is { Length: > 0 } text)
                    tree["metadata"]![name] = text;
            }

            Wanted(target.Resource).Set(tree, replicas);
            return tree;
        });
        WarningHeaders.Add(context, written.Warnings);
        await Responses.WriteJsonAsync(context, 200, Of(target.Resource, written.Parse()));
    }

    private static JsonPath Wanted(Resource resource) => resource.Scale?.Wanted ?? _replicas;

    private static JsonObject Of(Resource resource, JsonObject workload)
    {
        var meta = new JsonObject();
        foreach (var name in (string[])["name", "namespace", "uid", "resourceVersion", "creationTimestamp"])
            meta[name] = workload["metadata"]?[name]?.DeepClone();
        return new JsonObject
        {
            ["kind"] = Kind.Kind,
            ["apiVersion"] = Kind.ApiVersion,
            ["metadata"] = meta,
            ["spec"] = new JsonObject { ["replicas"] = Cell.Number(Wanted(resource).First(workload)) },
            ["status"] = resource.Scale is { } paths
                ? Status(Cell.Number(paths.Actual.First(workload)), Cell.Text(paths.Selector?.First(workload)))
                : Status(
                    WorkloadCells.Status(workload, "replicas"), SelectorText.Of(workload["spec"]?["selector"])),
        };
    }

    private static JsonObject Status(long replicas, string selector)
    {
        var status = new JsonObject { ["replicas"] = replicas };
        if (selector.Length > 0)
            status["selector"] = selector;
        return status;
    }

    private JsonObject Current(RequestTarget target) =>
        (store.State.Get(target.Resource, target.Key)
            ?? throw Errors.NotFound(target.Resource.Kind, target.Name!)).Parse();
}
