using Microsoft.AspNetCore.Http;
using Palisade.ApiServer.Objects;
using Palisade.ApiServer.Tables;
using Palisade.Kubernetes.Schema;

namespace Palisade.ApiServer.Http;

/// <summary>pods/NAME/eviction, as kubectl drain sends it: a delete that PodDisruptionBudgets may refuse.</summary>
internal static class EvictionEndpoint
{
    public const string Subresource = "eviction";

    public static KindSchema Kind { get; } = ApiKinds.Find("policy/v1", "Eviction")!;

    public static async Task AnswerAsync(HttpContext context, RequestTarget target, ObjectWriter writer)
    {
        var body = await RequestBody.ReadAsync(context);
        var eviction = BodyDecoder.Object(body, RequestBody.MediaType(context), Kind, FieldValidation.Ignore).Tree;
        if (Cell.Name(eviction) is { Length: > 0 } name && name != target.Name)
            throw Errors.BadRequest("name in URL does not match name in Eviction object");
        var delete = DeleteOptions.Read(
            eviction["deleteOptions"]?.AsObject(), new RequestQuery(context.Request.Query));
        await writer.EvictAsync(target.Resource, target.Key, delete);
        await Responses.WriteSuccessAsync(context, 201);
    }
}
