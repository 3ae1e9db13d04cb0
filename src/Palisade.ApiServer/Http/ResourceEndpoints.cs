using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Palisade.ApiServer.Access;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Patching;
using Palisade.ApiServer.Resources;
using Palisade.ApiServer.Storage;
using Palisade.ApiServer.Streams;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;
using Palisade.Kubernetes.Wire;

namespace Palisade.ApiServer.Http;

/// <summary>The verbs of every resource.</summary>
internal sealed class ResourceEndpoints(
    VersionedStore store, ObjectWriter writer, ListReader lists, WatchStream watches, PodStreamEndpoints? streams,
    Admission? admission, Authorizer authorizer)
{
    private readonly ScaleEndpoints _scales = new(store, writer);

    public Task InvokeAsync(HttpContext context, RequestTarget target)
    {
        if (target.Resource.Deprecation is { } deprecation)
            WarningHeaders.Add(context, [deprecation]);
        if (target.Subresource is { } subresource)
            return SubresourceAsync(context, target, subresource);
        return (context.Request.Method, target.Name) switch
        {
            ("GET" or "HEAD", null) => ListAsync(context, target),
            ("GET" or "HEAD", _) => GetAsync(context, target),
            ("POST", null) => CreateAsync(context, target),
            ("PUT", not null) => ReplaceAsync(context, target, Part.Main),
            ("PATCH", not null) => PatchAsync(context, target, Part.Main),
            ("DELETE", not null) => DeleteAsync(context, target),
            ("DELETE", null) => DeleteCollectionAsync(context, target),
            _ => throw Errors.MethodNotAllowed(target.Resource.Kind, Caller.Of(context).Request),
        };
    }

    private Task SubresourceAsync(HttpContext context, RequestTarget target, string subresource)
    {
        var kind = target.Resource.Kind;
        if (subresource == "status" && kind.HasStatus)
        {
            return context.Request.Method switch
            {
                "GET" or "HEAD" => GetAsync(context, target),
                "PUT" => ReplaceAsync(context, target, Part.Status),
                "PATCH" => PatchAsync(context, target, Part.Status),
                _ => throw Errors.MethodNotAllowed(kind, Caller.Of(context).Request),
            };
        }

        if (subresource == "scale" && target.Resource.HasScale)
            return _scales.InvokeAsync(context, target);
        if (subresource == "binding" && kind.Plural == "pods" && context.Request.Method == "POST")
            return BindAsync(context, target);
        if (subresource == EvictionEndpoint.Subresource && kind.Plural == "pods" && context.Request.Method == "POST")
            return EvictionEndpoint.AnswerAsync(context, target, writer);
        if (streams is not null && kind.Plural == "pods" && PodStreamEndpoints.Subresources.Contains(subresource))
            return streams.ServeAsync(context, subresource, Current(target).Parse());
        if (!target.Resource.UnservedSubresources.Contains(subresource))
            throw Errors.UnknownPath();
        Current(target);
        throw new StatusException(
            501,
            "NotImplemented",
            $"{subresource} of {kind.Plural} is not served yet",
            Errors.Details(kind, target.Name));
    }

    private Task ListAsync(HttpContext context, RequestTarget target)
    {
        var query = new RequestQuery(context.Request.Query);
        return IsWatch(context, query)
            ? watches.ServeAsync(context, target, query)
            : lists.ServeAsync(context, target, query);
    }

    private Task GetAsync(HttpContext context, RequestTarget target)
    {
        // A watch on one name, an old form that some clients still use, is a watch with a field selector.
        var query = new RequestQuery(context.Request.Query);
        if (IsWatch(context, query))
            return watches.ServeAsync(context, target, query);
        var negotiated = Negotiated.From(context);
        lists.CheckVersion(query);
        var stored = Current(target);
        return lists.WriteOneAsync(context, stored, negotiated, query);
    }

    // A HEAD asks for no events: a client takes its answer for ended, and would wait behind it on that connection.
    private static bool IsWatch(HttpContext context, RequestQuery query) =>
        query.Watch && !HttpMethods.IsHead(context.Request.Method);

    private async Task CreateAsync(HttpContext context, RequestTarget target)
    {
        var write = WriteOptions.Read(context, "CreateOptions");
        if (target.Resource.Kind.Namespaced && target.Namespace is null)
            throw Errors.MethodNotAllowed(target.Resource.Kind, Caller.Of(context).Request);
        var negotiated = Negotiated.From(context);
        var body = await RequestBody.ReadAsync(context);
        var decoded = BodyDecoder.Object(body, RequestBody.MediaType(context), target.Resource.Kind, write.Validation);
        // What was dropped is told of an object that is then refused, too: it may be why.
        WarningHeaders.Add(context, decoded.Warnings);
        var written = await AdmitAsync(context, target, write, options => writer.CreateAsync(
            target.Resource, target.Namespace, decoded.Tree.DeepClone().AsObject(), options));
        await WriteAsync(context, target, 201, written, negotiated);
    }

    private Task WriteAsync(
        HttpContext context, RequestTarget target, int code, Written written, Negotiated negotiated)
    {
        WarningHeaders.Add(context, written.Warnings);
        if (negotiated.Form == Form.Whole)
            return Responses.WriteAsync(context, code, written.Json);
        var meta = Metadata.Of(written.Parse());
        _ = long.TryParse(Cell.Text(meta["resourceVersion"]), CultureInfo.InvariantCulture, out var version);
        var shown = StoredObject.Loaded(target.Resource, StoredObject.KeyOf(meta), version, written.Json);
        return lists.WriteOneAsync(context, shown, negotiated, new RequestQuery(context.Request.Query), code);
    }

    // What is to be judged is first made by a dry run.
    private async Task<Written> AdmitAsync(
        HttpContext context, RequestTarget target, WriteOptions options, Func<WriteOptions, Task<Written>> write)
    {
        if (!IsAdmitted(target))
            return await write(options);
        var made = await write(options with { DryRun = true });
        var after = made.Parse();
        var before = store.State.Get(target.Resource, StoredObject.KeyOf(Metadata.Of(after)));
        await JudgeAsync(context, target, new ObjectChange(before?.Parse(), after));
        return options.DryRun ? made : await write(options);
    }

    private bool IsAdmitted(RequestTarget target) => admission?.Resources.Contains(target.Resource.Id) == true;

    private async Task JudgeAsync(HttpContext context, RequestTarget target, ObjectChange change)
    {
        var answer = await admission!.JudgeAsync(change, context.RequestAborted);
        WarningHeaders.Add(context, answer.Warnings);
        if (answer.Refusal is { } why)
            throw Errors.Forbidden(target.Resource.Kind, Cell.Name(change.After ?? change.Before!), why);
    }

    private async Task ReplaceAsync(HttpContext context, RequestTarget target, Part part)
    {
        var write = WriteOptions.Read(context, "UpdateOptions");
        var negotiated = Negotiated.From(context);
        var body = await RequestBody.ReadAsync(context);
        var decoded = BodyDecoder.Object(body, RequestBody.MediaType(context), target.Resource.Kind, write.Validation);
        WarningHeaders.Add(context, decoded.Warnings);
        var isNew = target.Resource.CreatesOnUpdate && part == Part.Main
            && store.State.Get(target.Resource, target.Key) is null;
        if (isNew)
            CheckCreate(context);
        CheckNamed(target, decoded.Tree);
        JsonObject Sent() => decoded.Tree.DeepClone().AsObject();
        var written = await AdmitAsync(context, target, write, options => isNew
            ? writer.CreateAtAsync(target.Resource, target.Key, Sent(), options)
            : writer.UpdateAsync(target.Resource, target.Key, part, options, _ => Versioned(target, Sent())));
        await WriteAsync(context, target, isNew ? 201 : 200, written, negotiated);
    }

    private static void CheckNamed(RequestTarget target, JsonObject tree)
    {
        if (Cell.Name(tree).Length == 0)
        {
            throw Errors.BadRequest(
                $"the name of the object ({target.Name} based on URL) was undeterminable: name must be provided");
        }
    }

    // Some kinds are replaced only by who says what state he has seen.
    private static JsonObject Versioned(RequestTarget target, JsonObject tree)
    {
        var kind = target.Resource.Kind;
        if (target.Resource.NeedsVersion && Cell.Text(tree["metadata"]?["resourceVersion"]) is "" or "0")
        {
            throw Errors.Invalid(kind.Group, kind.Plural, target.Name!, [Causes.Invalid(
                "metadata.resourceVersion", "0x0", "must be specified for an update")]);
        }

        return tree;
    }

    private async Task PatchAsync(HttpContext context, RequestTarget target, Part part)
    {
        var query = new RequestQuery(context.Request.Query);
        var write = WriteOptions.Read(context, "PatchOptions");
        var negotiated = Negotiated.From(context);
        var mediaType = RequestBody.MediaType(context);
        if (mediaType == ApplyBody.Type)
        {
            await ApplyAsync(context, target, part, query, write, negotiated);
            return;
        }

        var apply = PatchBody.Reader(mediaType, target.Resource.Kind);
        if (query.Force is not null)
        {
            throw Errors.Invalid("meta.k8s.io", "PatchOptions", "", [Causes.Forbidden(
                "force", "may not be specified for non-apply patch")]);
        }

        var body = await RequestBody.ReadAsync(context);
        var patch = apply(body);
        JsonObject Patched(JsonObject tree)
        {
            var patched = patch.Apply(tree);
            var decoded = BodyDecoder.Patched(
                patched, target.Resource.Kind, write.Validation, () => patch.Quoted(patched));
            WarningHeaders.Add(context, decoded.Warnings);
            return decoded.Tree;
        }

        var written = await AdmitAsync(context, target, write, options =>
            writer.UpdateAsync(target.Resource, target.Key, part, options, Patched));
        await WriteAsync(context, target, 200, written, negotiated);
    }

    private async Task ApplyAsync(
        HttpContext context, RequestTarget target, Part part, RequestQuery query, WriteOptions write,
        Negotiated negotiated)
    {
        if (query.FieldManager is null)
        {
            throw Errors.Invalid(
                "meta.k8s.io", "PatchOptions", "", [Causes.Required("fieldManager", "is required for apply patch")]);
        }

        var body = await RequestBody.ReadAsync(context);
        var applied = ApplyBody.Read(body, target.Resource.Kind, write.Validation);
        WarningHeaders.Add(context, applied.Warnings);
        var isNew = false;
        var written = await AdmitAsync(context, target, write, async options =>
        {
            (var made, isNew) = await writer.ApplyAsync(
                target.Resource, target.Key, part, options, applied.Tree, query.Force == true,
                () => CheckCreate(context));
            return made;
        });
        await WriteAsync(context, target, isNew ? 201 : 200, written, negotiated);
    }

    private void CheckCreate(HttpContext context)
    {
        var caller = Caller.Of(context);
        authorizer.Check(caller.User, caller.Request with { Verb = "create" });
    }

    private async Task DeleteAsync(HttpContext context, RequestTarget target)
    {
        var delete = await DeleteOptionsAsync(context);
        if (IsAdmitted(target) && store.State.Get(target.Resource, target.Key) is { } stored)
            await JudgeAsync(context, target, new ObjectChange(stored.Parse(), null));
        await Responses.WriteJsonAsync(context, 200, await writer.DeleteAsync(target.Resource, target.Key, delete));
    }

    private async Task DeleteCollectionAsync(HttpContext context, RequestTarget target)
    {
        if ((target.Resource.Kind.Namespaced && target.Namespace is null)
            || !target.Resource.Verbs.Contains("deletecollection"))
            throw Errors.MethodNotAllowed(target.Resource.Kind, Caller.Of(context).Request);
        var selection = ListReader.Select(target, new RequestQuery(context.Request.Query));
        var delete = await DeleteOptionsAsync(context);
        var state = store.State;
        var gone = new List<JsonNode?>();
        foreach (var stored in selection.From(state))
        {
            try
            {
                await writer.DeleteAsync(target.Resource, stored.Key, delete);
                gone.Add(stored.Parse());
            }
            catch (StatusException e) when (e.Reason == "NotFound")
            {
                // Somebody else was faster.
            }
        }

        await Responses.WriteJsonAsync(context, 200, new JsonObject
        {
            ["kind"] = target.Resource.Kind.ListKind,
            ["apiVersion"] = target.Resource.Kind.ApiVersion,
            ["metadata"] = new JsonObject { ["resourceVersion"] = store.State.Version.ToString() },
            ["items"] = new JsonArray([.. gone]),
        });
    }

    // A binding: {target: {kind: Node, name}}; what a scheduler sends.
    private async Task BindAsync(HttpContext context, RequestTarget target)
    {
        var write = WriteOptions.Read(context, "CreateOptions");
        var body = await RequestBody.ReadAsync(context);
        var value = BodyDecoder.Json(
            body, why => $"the object provided is unrecognized (must be of type Binding): {why}");
        var node = WireJson.ToNode(value) is JsonObject binding ? Cell.Text(binding["target"]?["name"]) : "";
        await writer.BindAsync(target.Resource, target.Key, node, write);
        await Responses.WriteSuccessAsync(context, 201);
    }

    private static async Task<DeleteOptions> DeleteOptionsAsync(HttpContext context)
    {
        var body = await RequestBody.ReadAsync(context);
        var tree = body.IsEmpty
            ? null
            : BodyDecoder.Object(
                body, RequestBody.MediaType(context), ApiKinds.DeleteOptions, FieldValidation.Ignore).Tree;
        return DeleteOptions.Read(tree, new RequestQuery(context.Request.Query));
    }

    private StoredObject Current(RequestTarget target) =>
        store.State.Get(target.Resource, target.Key)
        ?? throw Errors.NotFound(target.Resource.Kind, target.Name!);
}
