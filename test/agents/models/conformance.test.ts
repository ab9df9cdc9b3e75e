import { scriptedModel } from '../../../agents/scripted.ts';
import { modelSuite } from '../../conformance/model.ts';
import { aModel, anEndpoint } from './support.ts';

modelSuite('scripted, in process', async (script) => ({
  model: scriptedModel(script),
  close: async () => undefined,
}));

modelSuite('over HTTP, from a scripted endpoint', async (script) => {
  const { url } = await anEndpoint(script);
  const { model } = await aModel(url);
  return { model, close: async () => undefined };
});
