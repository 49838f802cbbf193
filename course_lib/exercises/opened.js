// Tells the kernel which hints a learner opens. It draws nothing: the hints are plain HTML, and stay so without it.
export default {
  initialize({ model }) {
    const tell = ({ target }) => {
      if (target.open && target.dataset?.hint) model.send({ opened: target.dataset.hint });
    };
    document.addEventListener("toggle", tell, true); // a toggle does not bubble, but it can be caught on its way down
    model.send({ opened: "" }); // somebody watches from now on
    return () => document.removeEventListener("toggle", tell, true);
  },
};
